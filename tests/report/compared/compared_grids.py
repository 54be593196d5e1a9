"""Finished comparisons, without a choice being made."""

from __future__ import annotations

from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.compared_choices import RANDOM, Compared, ComparedCell
from spanset.runs.read_inputs import ReadInput


def cell(label, method, weight, ldd, mean, rows, seconds=1.0, line="static, rbf", quality="q"):
    """A choice of four rows, and the first two of them."""
    found = {"ldd": ldd, "near-duplicates": 0.25, "mean tokens": 50.0, "mean q": mean}
    curve = {"n": [2.0, 4.0], "gain": [0.9, 0.9 - ldd]}
    own = quality if weight or method == "top" else None
    return ComparedCell(
        label, method, own, weight, line,
        ComparedChoice(
            label, {"2": rows[:2], "4": rows}, {"2": found, "4": found}, seconds, "reached k", curve
        ),
    )  # fmt: skip


def compared_grid(name="dpp", sizes=(4,), **others):
    """Three lambdas of dpp, a choice by quality alone, and two random ones."""
    cells = [
        cell(name, "dpp", None, 0.1, 2.0, [1, 2, 3, 4]),
        cell(f"{name} λ 0.1", "dpp", 0.1, 0.15, 4.0, [1, 2, 3, 9], 2.0),
        cell(f"{name} λ 0.9", "dpp", 0.9, 0.5, 4.5, [7, 8, 9, 10], 3.0),
        cell("top", "top", None, 0.6, 4.4, [7, 8, 9, 11], 0.0, "static, rbf"),
        cell("random, seed 0", RANDOM, None, 0.3, 3.0, [1, 5, 6, 7]),
        cell("random, seed 1", RANDOM, None, 0.4, 3.2, [2, 5, 8, 12]),
    ]
    values = {
        "pool": 120,
        "inputs": [
            ReadInput("d.jsonl", "ef" * 32, "alpaca", 120, {"malformed": 0, "no answer": 3})
        ],
        "remarks": ["d.jsonl: something: 5"],
        "sizes": list(sizes),
        "cells": cells,
        "measures": ["ldd", "near-duplicates"],
        "better": {"ldd": "lower", "near-duplicates": "lower"},
        "scores": ["tokens", "q"],
        "space": "static",
        "told": {"DATA": ["d.jsonl"], "-k": ["4"]},
        "version": "0.1.0",
    }
    return Compared(**{**values, **others})
