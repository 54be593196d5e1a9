"""Kernels between feature rows, one topic a file.

    kernel                      what every kernel gives: its diagonal, blocks, rank, rounding
    rbf inner arc_cosine        the kernels
    choice                      kernels by their names
    gamma                       the rbf kernel's sharpness as it is given

No N x N matrix is formed. How ``auto:K`` finds a gamma is a matter of greedy runs: greedy/. A new
kernel is a file here and a line in choice.py.
"""
