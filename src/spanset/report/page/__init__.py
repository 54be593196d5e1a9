"""A self-contained page of HTML: it opens from a file, with no network, and runs nothing of a row.

markup      elements, with all text escaped
document    the whole page: policy, style, script, values; page_files: in a file of its own
scales axes ticks of an axis, and axes
line_chart bar_chart dot_chart value_chart point_chart    pictures (SVG) that need no script
picture chart_marks    frame, legend and words of them; marks and names in them
tables      tables and the values at the head of a page; making: how a result was made
page.css page.js    style and script of every page
"""
