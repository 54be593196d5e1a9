"""Signs that a selection went wrong, or was not worth its while: a file a family.

sign            what is said of one
finished_case   what is known after a run, and what a few rows of the pool tell
kernel_width    everything is alike, nothing is, or the picks span the pool already
quality_share   quality drowns diversity, or is not heard
row_lengths     picks much shorter or longer than the pool
sketch_width    a sketch that hides differences, or features wider than they need to be
room_left       a pool of which picks span hardly more than random rows

A new sign is a function from a `FinishedCase` to a `Sign` or None and a line in `diagnosis`.
"""
