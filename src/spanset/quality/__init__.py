"""What makes a row good: a score with a direction, as log quality.

    lengths          tokens of a row
    column_values    a numeric column
    model_scores     scores of a language model: formulas and directions
    answer_losses    the pass over answers alone that some of them need
    score_sources    where their columns come from: a store, the cache, a pass
    target_similarity    nearness to a target
    orient           from a score to log quality: direction and transform
    scores           log quality by a score's name
    scored_rows      rows that have features, scored; those that cannot be leave with a reason

A new score of a model is a line in model_scores.py; another kind is a file and a line in scores.py.
"""
