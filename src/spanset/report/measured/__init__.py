"""The page of a measurement: the verdict in words, then curves, measures and what repeats.

measured_charts   LDD over n and among public sets, bars of measures, scores, what new data add
measured_page     all of it, in order
"""
