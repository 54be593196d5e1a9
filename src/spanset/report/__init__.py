"""What is shown of a result: pages to open and to send, and figures.

plots/     figures for files and notebooks, by matplotlib
notebook/  results as Jupyter shows them
page/      one self-contained HTML page: markup, charts, style, script
selected/  the page of a selection
measured/ compared/ tried/    the pages of a measurement, a comparison, a trial
"""
