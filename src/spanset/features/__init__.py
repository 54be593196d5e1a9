"""Representations: from rows to unit feature vectors.

A representation is a function of a row and of a fitted state alone, so that rows of another file
(`--given`) are represented alike, and what was made once is found again.

    specs             names on the command line, taken apart
    representations   what makes each kind
    static lexical sentence hidden gradient    one kind each, made into stores
    token_units wording                 what static features are made of
    made_by_rows     what kinds have in common that need no passes of a model
    array stored      brought by the user: an array, a store that was made before
    model_features    what kinds have in common that passes of a language model make
    of_sets of_parts  one representation for several data sets; of parts of the rows

A new kind is a file here, a line in specs.py and one in representations.py.
"""
