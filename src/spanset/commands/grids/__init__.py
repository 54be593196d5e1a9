"""A grid of choices, for `compare` and `trial`.

grid_axes        what is varied, and the settings that matter to each choice
grid_cells       the cells, with labels that tell them apart
grid             cells at work: they share features and scores; choices are kept
grid_measures    what cells measure, kept as well
choice_measures  what measures choices, all in one space; of the verb `compare` too
"""
