"""What the command line shows, as renderables; cli.py prints them.

tables            of inputs, plans and the cache
selection_tables  of `select`
diagnosis_lines   of what may be wrong with a selection
measure_tables    of `measure`
verify_lines      of `verify`
fitting           tables that fit the terminal, whatever their numbers and names
panels            rows beside what they are understood as
json_lines        records as JSON on one line
watching          progress, notes, and Ctrl-C; progress_bar: the same in Python and notebooks
"""
