"""Figures of what was measured.

names      colours and names that can be drawn
compared   measured sets as columns
layout     room for panels
bars curves scatter    the panels
figures    all of them together, and into a file
"""
