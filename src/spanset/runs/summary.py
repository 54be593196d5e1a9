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
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.data.dataset import Dataset
from spanset.data.field_texts import field_texts
from spanset.diversity.ldd import floored_log_det
from spanset.diversity.measures.near_duplicates import near_duplicate_share
from spanset.greedy.replay import replay
from spanset.greedy.rules import is_exact_enough
from spanset.greedy.selection import Selection
from spanset.kernels.kernel import Kernel

# Rows up to which random subsets are compared: the replay takes k^2 numbers and k^3 / 3 steps.
COMPARED_ROWS = 20_000


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
    kernel: Kernel,
    *,
    tokens: IntArray,
    given: npt.NDArray[np.floating[Any]] | None = None,
    by: Sequence[str] = (),
    scores: Mapping[str, FloatArray] | None = None,
    draws: int = 3,
    seed: int = 0,
    lengths: FloatArray | None = None,
) -> list[SetSummary]:
    """Summaries of the pool and, for each size, of the picks and of random subsets.

    Parameters
    ----------
    X : (N, d)
        Unit rows of `data`.
    sizes : sequence of int
        Prefixes of the picks to summarise.
    tokens : (N,) int64
        Tokens by row.
    given : (g, d), optional
        Rows that the log determinants are conditional on, as the kernel sees them.
    by : sequence of str
        Fields whose values' shares are wanted; the source always is.
    scores : mapping, optional
        Name of a quality to the scores (N,) of the rows.
    draws : int
        Random subsets; 0 for none.
    lengths : (N,) float64, optional
        Lengths of the rows, where these count: in log determinants.

    Notes
    -----
    The log determinants of random subsets are computed in float32, where the kernel can be: against
    the float64 ones of the picks the difference is below 1e-5 of their value.
    """
    values = {"source": _sources(data), **{name: field_texts(data, name) for name in by}}

    def one(name: str, rows: IntArray, log_det: float | None, deviation: float) -> SetSummary:
        share, error = near_duplicate_share(X[rows], seed=seed)
        shares = {field: _shares(column[rows]) for field, column in values.items()}
        total = int(tokens[rows].sum())
        middles = {quality: _middle(found[rows]) for quality, found in (scores or {}).items()}
        return SetSummary(name, len(rows), total, log_det, deviation, share, error, shares, middles)

    def replayed(rows: IntArray) -> FloatArray:
        points = kernel_rows(X[rows], of_rows(lengths, rows), np.float32)
        if not is_exact_enough(kernel, points):
            points = kernel_rows(X[rows], of_rows(lengths, rows), np.float64)
        return _replayed(points, given, kernel)

    summaries = [one("pool", np.arange(len(data)), None, 0.0)]
    largest = max(sizes, default=0)
    gains = picks.gains
    compared = largest + (0 if given is None else len(given)) <= COMPARED_ROWS
    if np.isnan(gains).any() and compared:
        gains = replayed(picks.order[:largest])
    permutations = [
        np.random.default_rng([seed, draw]).permutation(len(data))[:largest]
        for draw in range(draws)
    ]
    random_gains = [replayed(rows) for rows in permutations if compared]
    for size in sizes:
        known = not np.isnan(gains[:size]).any()
        log_det = floored_log_det(gains[:size]) if known else None
        summaries.append(one("picked", picks.order[:size], log_det, 0.0))
        if permutations:
            values_drawn = [floored_log_det(drawn[:size]) for drawn in random_gains]
            mean = float(np.mean(values_drawn)) if values_drawn else None
            deviation = float(np.std(values_drawn, ddof=1)) if len(values_drawn) > 1 else 0.0
            summaries.append(one("random", permutations[0][:size], mean, deviation))
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


def _replayed(
    rows: npt.NDArray[np.floating[Any]],
    given: npt.NDArray[np.floating[Any]] | None,
    kernel: Kernel,
) -> FloatArray:
    """Gains of rows in this order, after the given ones."""
    if given is None:
        return replay(rows, kernel)
    return replay(np.concatenate([given.astype(rows.dtype), rows]), kernel)[len(given) :]


def _sources(data: Dataset) -> npt.NDArray[np.object_]:
    names = np.array([source.name for source in data.sources], object)
    return names[data.source]


def _middle(scores: FloatArray) -> Middle:
    with np.errstate(over="ignore"):  # infinite, where the sum of such scores is no number
        return Middle(float(np.mean(scores)), float(np.median(scores)))


def _shares(column: npt.NDArray[np.object_]) -> dict[str, float]:
    counts = Counter(column.tolist())
    return {value: count / len(column) for value, count in counts.most_common()}
