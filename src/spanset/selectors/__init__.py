"""Ways to choose rows: one file a method, one Protocol.

    request      what a method is asked, and what a method is
    dpp random top    the methods
    ranked       a selection from an order that is known beforehand
    methods      methods by their names
    choosing     from features to picks: kernel, memory, method

    finished_choice    a choice that was made: candidates and picks
    nearest_picks      the pick nearest to a row, the rows that a pick stands for
    explained          why the greedy selection did what it did; dpp_reasons: what it can say
    order_reasons      the same of methods that sort
    reasons            these by the names of the methods; other lambdas

A new method is a file here and a line in methods.py; where it can say why, one in reasons.py.
"""
