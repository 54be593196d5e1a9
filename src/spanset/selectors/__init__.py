"""Ways to choose rows: one file a method, one Protocol.

    request      what a method is asked, and what a method is
    dpp random top                         diverse and good, uniform, best
    kcenter facility_location kmeans       farthest first, representative, a row a cluster
    dedup semdedup deita                   without repeats
    target information_projection          near rows that say what for
    methods      methods by their names, and what each heeds

    ranked novelty near_pairs row_clusters what several of them take
    repeat_groups    rows that repeat each other, of which nothing is chosen
    must_keep value_shares contamination   bounds: rows in, shares of values, rows out
    choosing     from features to picks: kernel, memory, method

    finished_choice    a choice that was made: candidates and picks
    nearest_picks      the pick nearest to a row, the rows that a pick stands for
    explained          why the greedy selection did what it did; dpp_reasons: what it can say
    order_reasons      the same of methods that sort
    other_reasons      of kcenter, facility, deita, dedup and target
    reasons            these by the names of the methods; other lambdas

A new method is a file here and a line in methods.py; where it can say why, one in reasons.py.
"""
