"""The verb `compare`: choices of one data set beside each other, and beside random rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import unit_rows
from spanset.commands.grids.choice_measures import USUAL_MEASURES, ChoiceMeasures, judge_of
from spanset.commands.verbs.arguments import Array, matrix, picked_positions
from spanset.config.amounts import refuse_below_one
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.diversity.catalogue import parse_measures
from spanset.diversity.comparison import Comparison
from spanset.diversity.matched import MeasuredData
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.greedy.selection import Selection, StopReason
from spanset.quality.lengths import count_tokens
from spanset.runs.compared_cell import ComparedChoice
from spanset.runs.compared_choices import RANDOM, Compared, ComparedCell
from spanset.selectors.random import random_order

GIVEN = "given"  # how rows were chosen, as far as is known here


def compare(
    data: Dataset,
    candidates: Mapping[str, Selection | Sequence[int] | IntArray],
    k: int | Sequence[int] | None = None,
    *,
    features: str | Array = "static",
    model: ModelConfig | str | None = None,
    metrics: Sequence[str] = USUAL_MEASURES,
    scores: Mapping[str, FloatArray] | None = None,
    tokenizer: str | None = None,
    seeds: int = 3,
    seed: int = 0,
    workers: int = 0,
    watcher: Watcher = SILENT,
) -> Compared:
    """Measure choices of one data set in one space, beside random rows.

    Parameters
    ----------
    data : Dataset
        What was chosen from, N rows.
    candidates : mapping
        Name of each choice to what `select` gave, or to positions in the data, best first.
    k : int or sequence of int, optional
        How many of the first rows of each are measured; by default as many as the shortest has.
    features : str or (N, d) array
        What all are measured by, as for `select`, or features themselves; with the usual kernel.
    model : ModelConfig or str, optional
        How rows go through a model, where `features` needs one; or its name.
    metrics : sequence of str
        Measures of the picks, as for `measure`.
    scores : mapping, optional
        Name of a score to its (N,) values, finite: their means stand in the table.
    tokenizer : str, optional
        Of the tokens that are counted, as for `score`.
    seeds : int
        Random choices that all others stand beside, of as many rows.
    seed : int
        Of features and measures, and the first of the random choices.
    workers : int
        Threads (0: all processors).
    watcher : Watcher
        Told of progress.

    Returns
    -------
    Compared
        A table in a notebook; `to_pandas`, `record`. The same rows as of ``spanset compare`` have
        the same numbers.

    Raises
    ------
    UsageError
        Positions or numbers that cannot be meant, or a choice of fewer rows than k.
    """
    require_dataset(data)
    refuse_below_one(("seeds", seeds))
    picked = picked_positions(candidates, len(data))
    sizes = _sizes(k, picked)
    measures = parse_measures(list(metrics))
    values = {name: _score(name, one, len(data)) for name, one in (scores or {}).items()}
    config = ModelConfig(model=model) if isinstance(model, str) else model
    with watcher.stage("represent"):
        rows, kind = _represented(data, features, config, seed, watcher)
        how = Comparison(seed=seed, workers=workers)
        judge = judge_of(rows, kind, measures, how, watcher)
    N = len(judge.data)
    if sizes[-1] > N:
        raise UsageError(
            f"{sizes[-1]:,} rows at random cannot be drawn",
            where="k",
            why=f"{N:,} of {len(data):,} rows have features",
            fix=f"give up to {N:,}, or other features",
        )
    with watcher.stage("measure"):
        tokens = count_tokens(data, tokenizer).total.astype(np.float64)
        known = {name: (data.ids, one) for name, one in {"tokens": tokens, **values}.items()}
        measuring = ChoiceMeasures(judge, known)
        cells = [
            _cell(name, GIVEN, data.ids[found], sizes, measuring, _why_ended(candidates[name]))
            for name, found in picked.items()
        ]
        for draw in range(seed, seed + seeds):
            ids = judge.data.ids[random_order(N, draw)]
            label = f"random, seed {draw}"
            cells.append(_cell(label, RANDOM, ids, sizes, measuring, StopReason.REACHED_K))
    return measuring.compared(data, sizes, cells, {})


def _sizes(k: int | Sequence[int] | None, picked: Mapping[str, IntArray]) -> list[int]:
    """Numbers of rows, ascending, that every choice has."""
    if not picked:
        raise UsageError("nothing to compare", where="candidates", fix="give a choice or more")
    name, shortest = min(picked.items(), key=lambda one: len(one[1]))
    asked = np.atleast_1d(np.asarray(len(shortest) if k is None else k))
    if asked.ndim != 1 or not asked.size or asked.dtype.kind not in "iu" or asked.min() < 1:
        raise UsageError(f"k is {k!r}", where="k", fix="give a number of rows or several, from 1")
    if asked.max() > len(shortest):
        raise UsageError(
            f"{name!r} has {len(shortest):,} rows, k is {asked.max():,}",
            where=f"candidates[{name!r}]",
            why="choices are compared at the same number of rows",
            fix=f"give up to {len(shortest):,}, or leave it out",
        )
    return sorted({int(one) for one in asked})


def _score(name: str, values: FloatArray, total: int) -> FloatArray:
    if name == "tokens":
        raise UsageError("tokens are counted", where="scores", fix="call it otherwise")
    found = np.asarray(values)
    where = f"scores[{name!r}]"
    if found.shape != (total,) or found.dtype.kind not in "fiub":
        raise UsageError(
            f"these have shape {found.shape} and dtype {found.dtype}, expected numbers ({total},)",
            where=where,
            fix="give a number for every row of the data",
        )
    if not np.isfinite(found).all():
        row = int(np.argmin(np.isfinite(found)))
        raise UsageError(f"the score of row {row} is not finite", where=where, fix="score it again")
    return found.astype(np.float64)


def _represented(
    data: Dataset, features: str | Array, model: ModelConfig | None, seed: int, watcher: Watcher
) -> tuple[MeasuredData, str]:
    """The rows that have features, with these; and the kind of them."""
    if isinstance(features, str):
        spec = parse_features(features)
        made, fitted = fit_transform(
            spec, data, model=model, seed=seed, on_bad_row="skip", watcher=watcher
        )
        return MeasuredData(str(spec), made.X, made.data), str(fitted.settings()["kind"])
    X = matrix(features, "features")
    if len(X) != len(data):
        raise UsageError(
            f"there are features of {len(X):,} rows, the data have {len(data):,}",
            where="features",
            fix="give a row of features for each; represent(..., on_bad_row='skip') has the data",
        )
    return MeasuredData("the features given", unit_rows(X, np.float32), data), "array"


def _why_ended(choice: Selection | Sequence[int] | IntArray) -> StopReason:
    return choice.stop_reason if isinstance(choice, Selection) else StopReason.REACHED_K


def _cell(
    label: str,
    method: str,
    ids: IntArray,
    sizes: Sequence[int],
    measuring: ChoiceMeasures,
    ended: StopReason,
) -> ComparedCell:
    """What a choice measures, by its first rows."""
    firsts = {str(size): ids[:size] for size in sizes}
    rows = {size: one.tolist() for size, one in firsts.items()}
    found = {size: measuring.of(one) for size, one in firsts.items()}
    why = ended if len(ids) == sizes[-1] else StopReason.REACHED_K
    choice = ComparedChoice.of(label, rows, found, None, why.value)
    return ComparedCell(label, method, None, None, measuring.judge.name, choice)
