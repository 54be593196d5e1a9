"""The page of a selection: what was asked, what came of it, and every row that it concerns.

mapped_rows   rows that are shown, their places and nearest picks; projections: where they lie
row_groups    groups of them, named by their own words
row_reasons   why they were picked or left out; repeated_picks: which picks they repeat
row_values    the same as plain values for the script, with the rows' texts
selection_charts    gains, diversity over n, quality, lengths, shares
selection_page      all of it, in order
"""
