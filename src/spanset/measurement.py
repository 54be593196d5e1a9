"""Measuring from end to end: read, represent, measure, judge, draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from spanset.checks import check_measure
from spanset.config import MeasureConfig
from spanset.data import Dataset
from spanset.data.joining import joined
from spanset.diversity.addition import LARGEST_N, Additions, additions
from spanset.diversity.catalogue import require_measurable
from spanset.diversity.correlation import Correlation, correlate
from spanset.diversity.measure import Measure
from spanset.diversity.measuring import matched_pool, measure_sets, volume_rows
from spanset.diversity.scores import match_scores, read_scores
from spanset.diversity.subsets import measure_subsets
from spanset.diversity.verdict import verdict_of_additions, verdict_of_subsets, verdicts
from spanset.diversity.volume import Volume
from spanset.errors import printable
from spanset.kernels import kernel_settings
from spanset.measure_inputs import MeasureInputs, Prepared, names_of
from spanset.memory import peak_bytes
from spanset.pipeline import selection_device
from spanset.report.figures import measure_figure, save_figure
from spanset.results import IntArray, MeasuredSet
from spanset.run_folder import read_ids
from spanset.similarity import choose_kernel, usual_gamma
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
    timings : dict
        Seconds a stage.
    peak_bytes : int
        Most memory used.
    written : list of str
        Figures.
    kernel : dict
        Its name and gamma, and whether rows were normalised.
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
    kernel: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON; what is not defined is null."""
        return _plain(
            {
                "pool": self.pool,
                "n": self.n,
                "reference": self.reference,
                "kernel": self.kernel,
                "sets": [_set_record(one) for one in self.sets],
                "additions": None if self.additions is None else _additions_record(self.additions),
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
    record = {**asdict(one), "measurements": measurements}
    if one.headroom is not None:
        record["headroom"]["ratio"] = one.headroom.ratio
    return record


def _additions_record(added: Additions) -> dict[str, Any]:
    """As the table shows them: with the residual of a row."""
    record = asdict(added)
    for shown, one in zip(record["files"], added.files, strict=True):
        shown["mean_residual"] = one.mean_residual
    if added.same is not None:
        record["same"]["mean_residual"] = added.same.mean_residual
    return record


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
        inputs = MeasureInputs.read(config)
        if scores is not None and measuring.scores is not None:
            match_scores(scores, inputs.names, measuring.scores)
        if inputs.rows and measuring.by:
            require_fields(joined(inputs.rows), measuring.by)
        if measuring.metrics not in ((), ("all",)) and measuring.given is None:
            require_measurable(measures, bool(inputs.rows), not subsets)
    with stage("represent"):
        prepared = inputs.represented(config, watcher)
        against = prepared.reference(config)
        kind = "array" if prepared.fitted is None else prepared.fitted.settings()["kind"]
        kernel = choose_kernel(
            config.features.kernel,
            usual_gamma(config.features.kernel, config.features.gamma, kind),
            [(one.X, one.lengths) for one in prepared.sets],
            normalize=config.features.normalize,
            seed=measuring.seed,
            workers=measuring.workers,
            device=selection_device(config.model.device),
            watcher=watcher,
        )

    told: set[str] = set()

    def note_once(text: str) -> None:
        if text not in told:
            told.add(text)
            watcher.note(text)

    volume = Volume(
        1,
        kernel,
        against,
        measuring.dtype,
        measuring.workers,
        selection_device(config.model.device),
        on_note=note_once,
        cancelled=watcher.cancelled,
    )
    with stage("measure"):
        if measuring.given is not None:
            taken = _additions(config, prepared, volume, watcher)
        elif subsets:
            taken = _subsets(config, prepared, subsets, measures, volume, watcher)
        else:
            taken = _data_sets(config, prepared, measures, volume, watcher)
    found = taken.sets
    correlations = [] if scores is None else _correlations(found, scores, measuring.seed)
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
        prepared.data,
        taken.pool,
        taken.n,
        against.name,
        found,
        taken.additions,
        correlations,
        taken.verdict,
        timings,
        peak_bytes(),
        written,
        {**kernel_settings(kernel), "normalize": config.features.normalize},
    )


class _Taken(NamedTuple):
    """What was measured, and what it says."""

    pool: int
    n: int
    sets: list[MeasuredSet]
    additions: Additions | None
    verdict: list[str]


def _data_sets(
    config: MeasureConfig,
    prepared: Prepared,
    measures: Sequence[Measure],
    volume: Volume,
    watcher: Watcher,
) -> _Taken:
    """Data sets side by side, by draws of equal size."""
    measuring, sets = config.measuring, prepared.sets
    pool = matched_pool([len(one.X) for one in sets], measuring.pool)
    n = volume_rows(measuring.n, pool)
    found = measure_sets(
        sets,
        measures,
        replace(volume, n=n),
        pool=pool,
        draws=measuring.draws,
        seed=measuring.seed,
        watcher=watcher,
    )
    path = measuring.reference
    reference = None if path is None else names_of([path])[0]
    return _Taken(pool, n, found, None, verdicts(found, reference=reference))


def _subsets(
    config: MeasureConfig,
    prepared: Prepared,
    subsets: Mapping[str, IntArray],
    measures: Sequence[Measure],
    volume: Volume,
    watcher: Watcher,
) -> _Taken:
    """Chosen rows beside their pool."""
    measuring, one = config.measuring, prepared.sets[0]
    places = {printable(name): prepared.positions(name, ids) for name, ids in subsets.items()}
    n = volume_rows(measuring.n, min(map(len, places.values())), "the smallest subset")
    if measuring.metrics in ((), ("all",)):
        watcher.note("subsets are measured by their volume: other measures are left out")
    found = measure_subsets(
        one.X,
        places,
        measures,
        replace(volume, n=n),
        draws=measuring.draws,
        seed=measuring.seed,
        watcher=watcher,
        lengths=one.lengths,
    )
    return _Taken(len(one.X), n, found, None, verdict_of_subsets(found))


def _additions(
    config: MeasureConfig, prepared: Prepared, volume: Volume, watcher: Watcher
) -> _Taken:
    """What new data add."""
    measuring = config.measuring
    current = prepared.features_of(str(measuring.given), "--given", config)
    rows = len(current.X)
    n = volume_rows(measuring.n or min(rows, LARGEST_N), rows, f"--given {measuring.given}")
    added = additions(
        current.X,
        prepared.sets,
        replace(volume, n=n),
        seed=measuring.seed,
        watcher=watcher,
        lengths=current.lengths,
    )
    return _Taken(rows, n, [], added, verdict_of_additions(added))


def _split(values: Sequence[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


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
