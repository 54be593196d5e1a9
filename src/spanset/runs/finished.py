"""A finished selection: what its run folder tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spanset.base.array_types import FloatArray
from spanset.data.dataset import Dataset
from spanset.greedy.selection import Selection
from spanset.quality.lengths import TokenCounts
from spanset.runs.dropped_rows import DroppedRows
from spanset.runs.signs.sign import Sign
from spanset.runs.summary import SetSummary


@dataclass(frozen=True)
class FinishedRun:
    """What was chosen, from what, and how.

    Attributes
    ----------
    data : Dataset
        Rows that could be picked, N.
    picks : Selection
        Positions among them.
    tokens : TokenCounts
        Of the rows.
    config : mapping
        Resolved settings, by flag.
    features, kernel : mapping
        What rows were compared by.
    seed : int
        Of every random draw.
    log_quality : (N,) float64 or None
        Higher is better.
    quality : mapping or None
        What it is, and its weight.
    diagnosis : tuple of Sign
        What may be wrong with it.
    dropped : DroppedRows or None
        Rows that a deduplication dropped.
    given : Dataset or None
        Rows that were there already and have features; None where there are none, or an array.
    summaries : tuple of SetSummary
        The pool, the picks and random rows side by side.
    """

    data: Dataset
    picks: Selection
    tokens: TokenCounts
    config: Mapping[str, Any]
    features: Mapping[str, Any]
    kernel: Mapping[str, Any]
    seed: int
    log_quality: FloatArray | None = None
    quality: Mapping[str, Any] | None = None
    diagnosis: tuple[Sign, ...] = ()
    dropped: DroppedRows | None = None
    given: Dataset | None = None
    summaries: tuple[SetSummary, ...] = ()
