"""The page of a trial: the verdict in words, then how far every choice is from random rows.

difference_chart   differences with their intervals, as a picture
trial_page         all of it, in order
"""
