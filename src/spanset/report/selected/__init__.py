"""The page of a selection: what was asked, what came of it, and every row that it concerns.

row_reasons         why rows were picked or left out; repeated_picks: which picks they repeat
row_values          rows as plain values for the script
selection_charts    diversity over n, quality, lengths, shares
selection_page      all of it, in order
"""
