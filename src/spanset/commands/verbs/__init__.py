"""The pipeline's verbs in Python, with the words of the command line.

    representing   `spanset.represent`
    measuring      `spanset.measure`
    selecting      `spanset.select`
    comparing      `spanset.compare`
    trying         `spanset.trial`
    showing        `spanset.show`
    arguments      arrays that they take, checked
    asked          what `select` is asked; choosing_rows, choosing_features: what it does

(`read` and `score` stand with what they are about: data.reader, quality.scores.)
"""
