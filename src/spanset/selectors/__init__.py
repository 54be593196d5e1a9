"""Ways to choose rows: one file a method, one Protocol.

    request      what a method is asked, and what a method is
    dpp random top    the methods
    ranked       a selection from an order that is known beforehand
    methods      methods by their names
    choosing     from features to picks: kernel, memory, method

A new method is a file here and a line in methods.py.
"""
