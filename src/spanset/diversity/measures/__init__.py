"""Measures beside volume, a file a family; each with its formula, unit, direction and source.

    vendi novelsum coverage clusters radius    of the features
    distances near_duplicates    of pairs of rows;  `copies`: what these share
    words compression    of the text
    categories    of fields

Each is a `Measure` (estimate.py): called with a `Sample`, it gives an `Estimate`.
"""
