"""What a selection did: the pool, the picks and random subsets side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError
from spanset.data.dataset import Dataset
from spanset.data.field_texts import field_texts
from spanset.diversity.ldd import floored_log_det
from spanset.diversity.measures.near_duplicates import near_duplicate_share
from spanset.greedy.selection import Selection
from spanset.runs.compared_gains import ComparedGains


@dataclass(frozen=True)
class Middle:
    """Where the scores of a set's rows lie, in the score's own unit and direction.

    Attributes
    ----------
    mean, median : float
        The median where few rows may be far off: a perplexity has no upper end.
    """

    mean: float
    median: float


@dataclass(frozen=True)
class SetSummary:
    """One set of rows.

    Attributes
    ----------
    name : str
        "pool", "picked" or "random".
    rows, tokens : int
        Sizes; tokens of whole rows.
    log_det : float or None
        Log determinant of the rows' kernel, nats, gains floored at e^-7; higher is more diverse.
        The mean over draws for random subsets, None where it was not computed.
    log_det_deviation : float
        Standard deviation over draws.
    near_duplicates, near_duplicates_error : float
        Share of rows with another at cosine 0.95 or more, and its standard error.
    shares : dict
        Field to value to share of rows; the field "source" is the file.
    scores : dict
        Name of a quality to where its scores lie, before they become log quality.
    """

    name: str
    rows: int
    tokens: int
    log_det: float | None
    log_det_deviation: float
    near_duplicates: float
    near_duplicates_error: float
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    scores: dict[str, Middle] = field(default_factory=dict)


def summarise(
    data: Dataset,
    X: npt.NDArray[np.floating[Any]],
    picks: Selection,
    sizes: Sequence[int],
    compared: ComparedGains,
    *,
    tokens: IntArray,
    by: Sequence[str] = (),
    scores: Mapping[str, FloatArray] | None = None,
    seed: int = 0,
) -> list[SetSummary]:
    """Summaries of the pool and, for each size, of the picks and of random subsets.

    Parameters
    ----------
    X : (N, d)
        Unit rows of `data`.
    sizes : sequence of int
        Prefixes of the picks to summarise.
    compared : ComparedGains
        Gains of the picks and of random rows, as many as the largest size.
    tokens : (N,) int64
        Tokens by row.
    by : sequence of str
        Fields whose values' shares are wanted; the source always is.
    scores : mapping, optional
        Name of a quality to the scores (N,) of the rows.
    """
    values = {"source": _sources(data), **{name: field_texts(data, name) for name in by}}

    def one(name: str, rows: IntArray, log_det: float | None, deviation: float) -> SetSummary:
        share, error = near_duplicate_share(X[rows], seed=seed)
        shares = {field: _shares(column[rows]) for field, column in values.items()}
        total = int(tokens[rows].sum())
        middles = {quality: _middle(found[rows]) for quality, found in (scores or {}).items()}
        return SetSummary(name, len(rows), total, log_det, deviation, share, error, shares, middles)

    summaries = [one("pool", np.arange(len(data)), None, 0.0)]
    for size in sizes:
        known = not np.isnan(compared.picked[:size]).any()
        log_det = floored_log_det(compared.picked[:size]) if known else None
        summaries.append(one("picked", picks.order[:size], log_det, 0.0))
        if compared.drawn:
            values_drawn = [floored_log_det(drawn[:size]) for drawn in compared.random]
            mean = float(np.mean(values_drawn)) if values_drawn else None
            deviation = float(np.std(values_drawn, ddof=1)) if len(values_drawn) > 1 else 0.0
            summaries.append(one("random", compared.drawn[0][:size], mean, deviation))
    return summaries


def require_fields(data: Dataset, names: Sequence[str]) -> None:
    """Refuse a field that no row has."""
    for name in names:
        if not any(name in row for row in data.rows()):
            raise DataError(
                f"no row has a field {name!r}",
                where="--by",
                why=f"fields of the first row: {', '.join(data.row(0))}",
                fix="name a field of the rows",
            )


def _sources(data: Dataset) -> npt.NDArray[np.object_]:
    names = np.array([source.name for source in data.sources], object)
    return names[data.source]


def _middle(scores: FloatArray) -> Middle:
    with np.errstate(over="ignore"):  # infinite, where the sum of such scores is no number
        return Middle(float(np.mean(scores)), float(np.median(scores)))


def _shares(column: npt.NDArray[np.object_]) -> dict[str, float]:
    counts = Counter(column.tolist())
    return {value: count / len(column) for value, count in counts.most_common()}
