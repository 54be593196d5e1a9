"""What the command line shows, as renderables; cli.py prints them.

tables          of inputs, selections, plans and the cache
measure_tables  of `measure`
panels          rows beside what they are understood as
watching        progress, notes, and Ctrl-C
"""
