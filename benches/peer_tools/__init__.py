"""Other tools beside spanset, each in an environment of its own; the run is benches/peers.py.

environments   an environment for each tool, made beforehand; what it took
inputs         rows and vectors that all of them get
tasks          who does what
adapters/      a file for each tool, run in its environment: a task, timed
comparisons    what came of a task beside what spanset makes of it
"""
