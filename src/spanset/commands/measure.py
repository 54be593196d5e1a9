"""`spanset measure`: read, represent, measure, judge, draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import printable
from spanset.base.memory import peak_bytes
from spanset.base.short_names import short_names
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.measure_inputs import MeasureInputs, more_data, positions_of
from spanset.commands.prepared import Prepared
from spanset.config.comma_lists import comma_list
from spanset.config.measure_settings import MeasureConfig
from spanset.config.told_settings import told_settings
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.joining import joined
from spanset.data.reader import check_reading
from spanset.diversity.addition import LARGEST_N, Additions, additions
from spanset.diversity.catalogue import require_measurable
from spanset.diversity.comparison import Comparison, reference_of
from spanset.diversity.correlation import Correlation, correlate
from spanset.diversity.estimate import Measure
from spanset.diversity.known_sets import KnownValue
from spanset.diversity.matched import drawn_pools, matched_pool, measure_sets, volume_rows
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.only_drawn import DrawnPools
from spanset.diversity.repeats import Repeats, repeats_between
from spanset.diversity.requested import requested_measures
from spanset.diversity.score_files import match_scores, read_scores
from spanset.diversity.subsets import measure_subsets
from spanset.diversity.verdict import (
    verdict_of_additions,
    verdict_of_repeats,
    verdict_of_subsets,
    verdicts,
)
from spanset.diversity.volume import Volume
from spanset.features.representations import check_representation
from spanset.features.specs import parse_features, seen_by
from spanset.greedy.kernel_choice import check_kernel
from spanset.kernels.choice import kernel_settings
from spanset.report.measured.measured_page import measured_page
from spanset.report.page.page_files import check_page, save_page
from spanset.report.plots.figure_files import check_plot, save_figure
from spanset.report.plots.figures import measure_figure
from spanset.runs.measure_outcome import MeasureOutcome
from spanset.runs.row_ids import read_ids
from spanset.runs.summary import require_fields


def run_measure(config: MeasureConfig, watcher: Watcher) -> MeasureOutcome:
    """Run ``spanset measure``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    measures = check_measure(config)
    measuring = config.measuring
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    scores = None if measuring.scores is None else read_scores(measuring.scores)
    subsets = {name: read_ids(name) for name in comma_list(measuring.subset)}
    with stage("read"):
        inputs = MeasureInputs.read(config)
        _require_belonging(config, inputs, measures, scores, subsets)
    with stage("represent"):
        prepared = inputs.prepared(config, watcher, _only_drawn(config, inputs, measures))
        path = measuring.reference
        points = None if path is None else more_data(prepared, path, "--reference", config)
        volume = prepared.volume(reference_of(points), _comparison(config), watcher)
    with stage("measure"):
        taken = _taken(config, prepared, subsets, measures, volume, watcher)
    correlations = [] if scores is None else _correlations(taken.sets, scores, measuring.seed)
    outcome = MeasureOutcome(
        prepared.data,
        taken.pool,
        taken.n,
        volume.against.name,
        taken.sets,
        taken.additions,
        correlations,
        taken.verdict,
        taken.known,
        taken.repeats,
        timings,
        peak_bytes(),
        [],
        {**kernel_settings(volume.kernel), "normalize": config.features.normalize},
        inputs.space(config),
        told_settings(config),
        scores,
        inputs.digests(config),
    )
    _show(config, outcome, stage)
    return replace(outcome, peak_bytes=peak_bytes())


def _only_drawn(
    config: MeasureConfig, inputs: MeasureInputs, measures: Sequence[Measure]
) -> DrawnPools | None:
    """The draws, where nothing else is looked at: one data set by itself, and no whole of it."""
    measuring = config.measuring
    if measuring.given is not None or measuring.subset or len(inputs.rows) != 1:
        return None
    return drawn_pools(inputs.rows, measures, measuring.pool, measuring.draws, measuring.seed)


def _show(
    config: MeasureConfig,
    outcome: MeasureOutcome,
    stage: Callable[[str], AbstractContextManager[None]],
) -> None:
    """Draw the figure and write the page that are asked for."""
    measuring = config.measuring
    if measuring.plot is not None:
        with stage("draw"):
            pairs = {one.metric: (one.pearson, one.spearman) for one in outcome.correlations}
            figure = measure_figure(
                outcome.sets,
                scores=outcome.scores,
                correlations=pairs or None,
                reference=outcome.reference,
            )
            save_figure(figure, measuring.plot, force=measuring.force)
            outcome.written.append(measuring.plot)
    if measuring.report is not None:
        with stage("report"):
            save_page(measured_page(outcome), measuring.report, force=measuring.force)
            outcome.written.append(measuring.report)


def check_measure(config: MeasureConfig) -> list[Measure]:
    """Refuse what is wrong without a look at the data; the measures that are asked for."""
    measuring = config.measuring
    check_kernel(config.features.kernel, config.features.gamma, measuring.dtype)
    measures = requested_measures(measuring, normalize=config.features.normalize)
    refuse_second_stdin((*config.data, measuring.given), "--given")
    refuse_second_stdin((*config.data, measuring.given, measuring.reference), "--reference")
    spec = parse_features(config.features.features, config.model.model)
    check_representation(spec, config.model)
    check_reading(config.reading)
    if measuring.plot is not None:
        check_plot(measuring.plot, force=measuring.force)
    if measuring.report is not None:
        check_page(measuring.report, force=measuring.force)
    return measures


def _comparison(config: MeasureConfig) -> Comparison:
    """What data sets are compared by."""
    return Comparison(
        config.features.kernel,
        config.features.gamma,
        config.features.normalize,
        config.measuring.dtype,
        config.measuring.seed,
        config.measuring.workers,
        config.model.selection_device,
    )


def _require_belonging(
    config: MeasureConfig,
    inputs: MeasureInputs,
    measures: Sequence[Measure],
    scores: dict[str, float] | None,
    subsets: Mapping[str, IntArray],
) -> None:
    """Refuse scores of other data sets, fields that no row has, measures that cannot be taken."""
    measuring = config.measuring
    if scores is not None and measuring.scores is not None:
        match_scores(scores, inputs.names, measuring.scores)
    if inputs.rows and measuring.by:
        require_fields(joined(inputs.rows), measuring.by)
    if measuring.metrics not in ((), ("all",)) and measuring.given is None:
        require_measurable(measures, bool(inputs.rows), not subsets)


class _Taken(NamedTuple):
    """What was measured, and what it says."""

    pool: int
    n: int
    sets: list[MeasuredSet]
    additions: Additions | None
    verdict: list[str]
    known: list[KnownValue]
    repeats: Repeats | None = None


def _taken(
    config: MeasureConfig,
    prepared: Prepared,
    subsets: Mapping[str, IntArray],
    measures: Sequence[Measure],
    volume: Volume,
    watcher: Watcher,
) -> _Taken:
    """What is asked for: additions, subsets of one data set, or data sets."""
    if config.measuring.given is not None:
        return _additions(config, prepared, volume, watcher)
    if subsets:
        return _subsets(config, prepared, subsets, measures, volume, watcher)
    return _data_sets(config, prepared, measures, volume, watcher)


def _data_sets(
    config: MeasureConfig,
    prepared: Prepared,
    measures: Sequence[Measure],
    volume: Volume,
    watcher: Watcher,
) -> _Taken:
    """Data sets side by side, by draws of equal size."""
    measuring, sets = config.measuring, prepared.sets
    pool = matched_pool(list(map(len, sets)), measuring.pool)
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
    reference = None if path is None else short_names([path])[0]
    known = prepared.known(replace(volume, n=n), pool) if reference is None else []
    repeats = repeats_between(sets, seed=measuring.seed)
    verdict = verdict_of_repeats(repeats) + verdicts(
        found, known=known, sees=seen_by(prepared.kind), reference=reference
    )
    return _Taken(pool, n, found, None, verdict, known, repeats)


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
    places = {printable(name): positions_of(prepared, name, ids) for name, ids in subsets.items()}
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
    return _Taken(len(one.X), n, found, None, verdict_of_subsets(found), [])


def _additions(
    config: MeasureConfig, prepared: Prepared, volume: Volume, watcher: Watcher
) -> _Taken:
    """What new data add."""
    measuring = config.measuring
    current = more_data(prepared, str(measuring.given), "--given", config)
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
    return _Taken(rows, n, [], added, verdict_of_additions(added), [])


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
