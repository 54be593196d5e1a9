"""Measuring from end to end: read, represent, measure, judge, draw."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanset.checks import check_measure
from spanset.config import MeasureConfig
from spanset.data import Dataset
from spanset.data.joining import joined
from spanset.diversity.addition import LARGEST_N, Additions, additions
from spanset.diversity.correlation import Correlation, correlate, match_scores, read_scores
from spanset.diversity.measuring import MeasuredData, matched_pool, measure_sets, volume_rows
from spanset.diversity.reference import (
    DataReference,
    Reference,
    SphereReference,
    reference_folder,
)
from spanset.diversity.subsets import measure_subsets
from spanset.diversity.verdict import verdict_of_additions, verdict_of_subsets, verdicts
from spanset.diversity.volume import Volume
from spanset.errors import DataError, UsageError, printable
from spanset.features import Representation, parse_features, unit_rows
from spanset.features.array import ArrayFeatures, load_array
from spanset.features.of_sets import represent_sets
from spanset.kernels import make_kernel
from spanset.memory import peak_bytes
from spanset.pipeline import read_data, selection_device
from spanset.report.figures import measure_figure, save_figure
from spanset.results import IntArray, MeasuredSet
from spanset.run_folder import read_ids
from spanset.stages import Watcher, stopwatch
from spanset.summary import require_fields


@dataclass(frozen=True)
class MeasureOutcome:
    """What was measured.

    Attributes
    ----------
    data : Dataset or None
        All rows; None where features were given.
    pool, n : int
        Rows of a draw, and rows that log determinants are taken of.
    reference : str
        What volumes are compared with, in words.
    sets : list of MeasuredSet
        Data sets, or subsets of one.
    additions : Additions or None
        What new data add, where that was asked for.
    correlations : list of Correlation
        Of measures with scores, where there are scores.
    verdict : list of str
        Plain sentences.
    """

    data: Dataset | None
    pool: int
    n: int
    reference: str
    sets: list[MeasuredSet]
    additions: Additions | None
    correlations: list[Correlation]
    verdict: list[str]
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON; what is not defined is null."""
        return _plain(
            {
                "pool": self.pool,
                "n": self.n,
                "reference": self.reference,
                "sets": [_set_record(one) for one in self.sets],
                "additions": None if self.additions is None else asdict(self.additions),
                "correlations": [asdict(one) for one in self.correlations],
                "verdict": self.verdict,
                "seconds": self.timings,
                "peak_bytes": self.peak_bytes,
                "written": self.written,
            }
        )


def _set_record(one: MeasuredSet) -> dict[str, Any]:
    measurements = {
        metric: {"value": found.value, "deviation": found.deviation, **asdict(found)}
        for metric, found in one.measurements.items()
    }
    return {**asdict(one), "measurements": measurements}


def _plain(value: Any) -> Any:
    """Arrays as lists, and numbers that JSON lacks as null."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def run_measure(config: MeasureConfig, watcher: Watcher) -> MeasureOutcome:
    """Run ``spanset measure``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    measures = check_measure(config)
    measuring, timings = config.measuring, {}
    scores = None if measuring.scores is None else read_scores(measuring.scores)
    stage = stopwatch(watcher, timings)

    subsets = {name: read_ids(name) for name in _split(measuring.subset)}

    with stage("read"):
        inputs = _Inputs.read(config)
        if scores is not None and measuring.scores is not None:
            match_scores(scores, inputs.names, measuring.scores)
        if inputs.data is not None:
            require_fields(inputs.data, measuring.by)
        elif all(measure.needs_rows for measure in measures) and measuring.given is None:
            raise UsageError(
                f"{measures[0].name} is measured on rows, and there are features only",
                where="--metrics",
                fix="measure the rows, with their features as --features array:FILE.npy",
            )
    with stage("represent"):
        sets, fitted = inputs.represented(config, watcher)
        against = _reference(config, sets, fitted)

    def volume(n: int) -> Volume:
        return Volume(
            n,
            make_kernel(config.features.kernel, config.features.gamma),
            against,
            measuring.dtype,
            measuring.workers,
            selection_device(config.model.device),
            on_note=watcher.note,
        )

    added, found = None, []
    with stage("measure"):
        if measuring.given is not None:
            current = _features_of(measuring.given, "--given", config, sets, fitted)
            pool = len(current)
            n = volume_rows(measuring.n or min(pool, LARGEST_N), pool, f"--given {measuring.given}")
            added = additions(current, sets, volume(n), seed=measuring.seed, watcher=watcher)
        elif measuring.subset:
            pool = len(sets[0].X)
            subsets = {
                printable(name): _positions(name, ids, sets[0]) for name, ids in subsets.items()
            }
            n = volume_rows(measuring.n, min(map(len, subsets.values())), "the smallest subset")
            if measuring.metrics in ((), ("all",)):
                watcher.note("subsets are measured by their volume: other measures are left out")
            found = measure_subsets(
                sets[0].X,
                subsets,
                measures,
                volume(n),
                draws=measuring.draws,
                seed=measuring.seed,
                watcher=watcher,
            )
        else:
            pool = matched_pool([len(one.X) for one in sets], measuring.pool)
            n = volume_rows(measuring.n, pool)
            if isinstance(against, DataReference):
                against.require(pool, sets[0].X.shape[1])
            found = measure_sets(
                sets,
                measures,
                volume(n),
                pool=pool,
                draws=measuring.draws,
                seed=measuring.seed,
                watcher=watcher,
            )
    correlations = [] if scores is None else _correlations(found, scores, measuring.seed)
    verdict = _verdict(config, found, added)
    written = []
    if measuring.plot is not None:
        with stage("draw"):
            pairs = {one.metric: (one.pearson, one.spearman) for one in correlations}
            figure = measure_figure(
                found, scores=scores, correlations=pairs or None, reference=against.name
            )
            save_figure(figure, measuring.plot, force=measuring.force)
            written.append(measuring.plot)
    return MeasureOutcome(
        inputs.data,
        pool,
        n,
        against.name,
        found,
        added,
        correlations,
        verdict,
        timings,
        peak_bytes(),
        written,
    )


def _verdict(
    config: MeasureConfig, found: Sequence[MeasuredSet], added: Additions | None
) -> list[str]:
    """Plain words on whatever was asked for."""
    if added is not None:
        return verdict_of_additions(added)
    if config.measuring.subset:
        return verdict_of_subsets(found)
    path = config.measuring.reference
    return verdicts(found, reference=None if path is None else names_of([path])[0])


@dataclass(frozen=True)
class _Inputs:
    """The data sets that DATA names: each argument is one; rows, or features in .npy files."""

    names: list[str]
    paths: list[str]
    rows: list[Dataset]

    @classmethod
    def read(cls, config: MeasureConfig) -> _Inputs:
        """Read what DATA names."""
        paths = list(config.data)
        if not paths:
            raise UsageError("no data given", where="DATA", fix="name at least one file")
        if config.measuring.subset and len(paths) > 1:
            raise UsageError(
                "subsets are of one data set",
                where="--subset",
                why=f"{len(paths)} are given",
                fix="name the data that they were chosen from; a quoted glob is one data set",
            )
        _refuse_twice(paths)
        bare = [path for path in paths if path.endswith(".npy")]
        if not bare:
            rows = [read_data((path,), config.reading) for path in paths]
            return cls(names_of(paths), paths, rows)
        if len(bare) < len(paths):
            other = next(path for path in paths if path not in bare)
            raise UsageError(
                "rows and arrays of features are mixed",
                where=other,
                fix="measure .npy files beside .npy files; features of rows come with --features",
            )
        if config.features.features or config.model.model:
            raise UsageError(
                "the data are features already", where="--features", fix="leave it out"
            )
        return cls(names_of(paths), paths, [])

    @property
    def data(self) -> Dataset | None:
        """All rows."""
        return joined(self.rows) if self.rows else None

    def represented(
        self, config: MeasureConfig, watcher: Watcher
    ) -> tuple[list[MeasuredData], Representation | None]:
        """Features of every data set."""
        if self.rows:
            spec = parse_features(config.features.features, config.model.model)
            made, fitted = represent_sets(
                dict(zip(self.names, self.rows, strict=True)),
                spec,
                seed=config.measuring.seed,
                model=config.model,
                on_bad_row=config.reading.on_bad_row,
                watcher=watcher,
            )
            pairs = zip(self.names, made, strict=True)
            return [MeasuredData(name, one.X, one.data) for name, one in pairs], fitted
        arrays = [load_array(path) for path in self.paths]
        for path, X in zip(self.paths, arrays, strict=True):
            _require_columns(X, path, arrays[0].shape[1], self.paths[0])
        return [
            MeasuredData(name, unit_rows(X, np.float32, where=path))
            for name, path, X in zip(self.names, self.paths, arrays, strict=True)
        ], None


def _refuse_twice(paths: Sequence[str]) -> None:
    """Refuse a data set beside itself, however it is named."""
    seen: dict[str, str] = {}
    for path in paths:
        place = os.path.realpath(path)
        if place in seen:
            raise UsageError(
                "the data set is given twice",
                where=path,
                why=f"{seen[place]!r} is the same",
                fix="name it once",
            )
        seen[place] = path


def names_of(paths: Sequence[str]) -> list[str]:
    """Short names of files: without folder and suffix, where that tells them apart."""
    stems = [_stem(path) for path in paths]
    names = [
        stem if stems.count(stem) == 1 else path for stem, path in zip(stems, paths, strict=True)
    ]
    # They go to terminals and figures: without control characters.
    return [printable(name) for name in (names if len(set(names)) == len(names) else paths)]


def _stem(path: str) -> str:
    name = Path(path).name
    for suffix in (".gz", ".jsonl", ".json", ".npy"):
        name = name.removesuffix(suffix)
    return name if any(map(str.isalnum, name)) else path  # "*" of "math/*.jsonl" says nothing


def _features_of(
    path: str,
    flag: str,
    config: MeasureConfig,
    sets: Sequence[MeasuredData],
    fitted: Representation | None,
) -> Any:
    """Features of more data, represented as the data sets are."""
    where = f"{flag} {path}"
    if path.endswith(".npy"):
        X = load_array(path)
        _require_columns(X, where, sets[0].X.shape[1], sets[0].name)
        return unit_rows(X, np.float32, where=where)
    if fitted is None or isinstance(fitted, ArrayFeatures):
        raise UsageError(
            "the data are features, and these are rows"
            if fitted is None
            else "the features of the data are an array, and these are rows",
            where=where,
            fix="give their features as a .npy file",
        )
    return fitted.transform(read_data((path,), config.reading)).X


def _reference(
    config: MeasureConfig, sets: Sequence[MeasuredData], fitted: Representation | None
) -> Reference:
    path = config.measuring.reference
    if path is None:
        return SphereReference(reference_folder())
    return DataReference(_features_of(path, "--reference", config, sets, fitted), path)


def _require_columns(X: Any, path: str, columns: int, first: str) -> None:
    if X.shape[1] != columns:
        raise DataError(
            f"{X.shape[1]} columns, {first} has {columns}",
            where=path,
            fix="represent all data sets in the same way",
        )


def _split(values: Sequence[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


def _positions(name: str, ids: IntArray, one: MeasuredData) -> IntArray:
    """Positions of a subset's rows among those that have features, by their row numbers."""
    known = np.arange(len(one.X)) if one.data is None else one.data.ids
    places = np.searchsorted(known, ids)
    wrong = np.flatnonzero(known[np.minimum(places, len(known) - 1)] != ids)
    if len(wrong):
        raise DataError(
            f"row {int(ids[wrong[0]])} is not one of the usable rows",
            where=name,
            why=f"{len(wrong):,} of {len(ids):,} row numbers are not; the data has {len(known):,} "
            "usable rows",
            fix="name the data that the subset was chosen from, all files in the same order",
        )
    return places


def _correlations(
    sets: Sequence[MeasuredSet], scores: dict[str, float], seed: int
) -> list[Correlation]:
    """Every measure that all data sets have, against the scores; the strongest first."""
    wanted = [scores[one.name] for one in sets]
    found = []
    for metric, first in sets[0].measurements.items():
        if all(metric in one.measurements for one in sets):
            values = [one.measurements[metric].value for one in sets]
            better = "higher" if first.better == "higher" else "lower"
            found.append(correlate(metric, values, wanted, better, seed=seed))
    return sorted(found, key=lambda one: -np.nan_to_num(abs(one.spearman), nan=-1.0))
