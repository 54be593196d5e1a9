"""Data sets that `spanset measure` is given, and what it prints of them as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.commands.refusals import Commands
from tests.conftest import make_rows

X = np.random.default_rng(0).normal(size=(30, 8))
ARRAYS = {
    "x": X,
    "y": np.random.default_rng(1).normal(size=(36, 8)),
    "z": np.random.default_rng(2).normal(size=(40, 8)),
    "narrow": np.random.default_rng(3).normal(size=(40, 5)),
}
ROWS = {"a": make_rows(20), "b": make_rows(25, seed=1)}
LDD = ("--metrics", "ldd")
ALL = ("--metrics", "all")


def measured(spanset: Commands, *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON; no warning beside it, and numbers that JSON has."""
    ended = spanset.run("measure", *arguments, "--json")
    assert (ended.code, ended.err) == (0, ""), ended.err
    return json.loads(ended.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def values(record: dict[str, Any], number: int = 0) -> dict[str, float]:
    found = record["sets"][number]["measurements"]
    return {metric: one["value"] for metric, one in found.items()}


def words_only(value: object) -> str | None:
    """Name of a case: its words on the command line."""
    return " ".join(map(str, value)) if isinstance(value, list) else None
