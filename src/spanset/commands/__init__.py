"""What each command does, a file each, read downwards, one call a stage.

    select     read, represent, score, select, summarise, write
    compare    the same for every cell of a grid, measured in one space
    trial      the same cells, a model tuned on each and on random rows, judged
    plan       the same without doing it; planned_selection: what comes of that;
               planned_choice: what the choice takes
    measure    read, represent, measure, judge, draw
    features   stores of features, made, added to, joined
    show cache what rows are understood as; what is kept
    shown_rows the same as objects for scripts
    why        read a run again, explain rows of it
    report     read a run again, or what a folder keeps, make its page; or that of a first look
    first_look read, describe, represent, compare, measure, choose: data that nothing is chosen from
    verify     make a run again beside itself
    choosing/  what select, compare, trial, why and report share; grids/: choices of a grid;
               trying/: parts of trial
    measure_inputs prepared input_sets why_answers    parts of the others
    verbs/     the same in Python: `show`, `represent`, `measure`, `select`, `trial`
    terminal/  tables, panels and progress; nothing is printed but by cli.py

A command calls the checks of the rooms below; it has none of its own that a room could have.
"""
