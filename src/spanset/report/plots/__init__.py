"""Figures for files and notebooks, by matplotlib: what was measured, and what came of a trial.

names      colours and names that can be drawn
compared   measured sets as columns
layout     room for panels
bars curves scatter    the panels
figures    all of them together
trial_figure   choices beside random rows; difference_marks: how far they are from them
figure_files   settings of all figures, and into a file
"""
