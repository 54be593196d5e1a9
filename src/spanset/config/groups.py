"""Headings of the help texts, in their order."""

from __future__ import annotations

from cyclopts import Group

DATA = Group("Data", sort_key=1)
GRID = Group("Grid", sort_key=2)
CHOICE = Group("Choice", sort_key=2)
FEATURES = Group("Features and kernel", sort_key=3)
MODEL = Group("Model", sort_key=4)
QUALITY = Group("Quality", sort_key=5)
TRAIN = Group("Training", sort_key=5)
JUDGE = Group("Judging", sort_key=5)
MEASURE = Group("Measuring", sort_key=2)
OUTPUT = Group("Output", sort_key=6)
COMPUTE = Group("Computing", sort_key=7)
