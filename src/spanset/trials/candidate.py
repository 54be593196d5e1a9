"""Rows that were chosen, by name: what a trial compares."""

from __future__ import annotations

from dataclasses import dataclass

from spanset.base.array_types import IntArray


@dataclass(frozen=True, eq=False)
class Candidate:
    """A choice.

    Attributes
    ----------
    name : str
        What it is called.
    size : int
        Rows that were asked for.
    rows : (k,) int64
        Positions in the pool.
    """

    name: str
    size: int
    rows: IntArray
