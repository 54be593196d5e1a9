"""What the command line shows, as renderables; cli.py prints them.

tables          of inputs, selections, plans and the cache
measure_tables  of `measure`
panels          rows beside what they are understood as
json_lines      records as JSON on one line
watching        progress, notes, and Ctrl-C
"""
