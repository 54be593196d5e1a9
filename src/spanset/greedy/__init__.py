"""Greedy maximum a posteriori inference of a determinantal point process: the heart.

    rules            ties, spent rows, stops, margins: one place for every engine
    textbook         the loop of the textbooks, read once a pick: the oracle
    blocked          predict and verify: the same picks with matrix products
    prediction verification    its two halves; pace, progress
    factor           rows of the partial Cholesky factor; factor_rows: in memory, or in a file;
                     kept_columns: those of rows that may still be picked
    places footprint where it is made, and what it takes; planned_runs: memory, disk and time
    arrays torch_arrays        what is done with them: numpy in fixed chunks, torch
    partitioned      two rounds, in parts: approximate, where exact is out of reach
    mixed exact_columns        in float32, but for the columns that decide, which are in float64
    distributed partition crew   in parts, each with a worker that may be lost
    torch_prediction the two halves where the features are, launched as one
    conditioning     rows that are there already
    exhaustion       why no row is left
    budget quotas enough       tokens that picks may hold; picks of each group; where to stop
    replay residuals gains of a given order; what given rows leave of others
    shares           what given rows and picks took of a few rows
    gamma_search kernel_choice    the gamma at which K picks count, and the kernel by its settings
    selection        what a run hands on

Paper letters stand only here, each file under a table of symbol, meaning, shape.
"""
