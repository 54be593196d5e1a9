"""A self-contained page of HTML: it opens from a file, with no network, and runs nothing of a row.

markup      elements, with all text escaped
document    the whole page: policy, style, script, values
scales axes ticks of an axis, and axes
line_chart bar_chart dot_chart    pictures (SVG) without script; picture: their frame and words
tables      tables and the values at the head of a page
page.css page.js    style and script of every page
"""
