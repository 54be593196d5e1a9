"""How diverse rows are: measures on draws of equal size, and what they say.

    estimate      what a measure is, and what it gives
    sample        one draw of rows, and what measures share of it
    volume        log determinants by greedy runs; `reference`: what they are compared with
    ldd headroom  the log determinant distance and its kin; what a choice could gain
    measures/     the others, a file a family
    catalogue     measures by their names; `requested`: what is asked for, checked
    comparison    one kernel, one reference, one volume for all sets
    matched       every measure of several sets; `subsets`: of chosen rows
    only_drawn    which rows of a large set are looked at
    addition      what new data add
    score_files correlation    measures beside scores of models
    measurement   what was measured; `measured_sets`: several together;
                  `verdict`: in plain sentences

A new measure is a file in measures/ and a line in catalogue.py.
"""
