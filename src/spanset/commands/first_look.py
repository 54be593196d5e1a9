"""A first look at data, nothing chosen yet: read, describe, represent, compare, measure, choose.

Counts are of all rows. More than `LOOKED_AT` are compared by a draw of as many: the map holds no
more, and what takes the square of the rows would not end.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.commands.input_sets import input_sets
from spanset.commands.prepared import Prepared
from spanset.config.amounts import refuse_negative
from spanset.config.report_settings import ReportConfig
from spanset.config.told_settings import told_words
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.dataset import Dataset
from spanset.data.reader import check_reading, read_data
from spanset.data.row_traits import RowTraits
from spanset.diversity.catalogue import parse_measures
from spanset.diversity.comparison import Comparison, reference_of
from spanset.diversity.known_sets import KnownValue
from spanset.diversity.matched import MeasuredData, matched_pool, measure_sets
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.repeats import repeats_between
from spanset.diversity.volume import Volume
from spanset.features.representations import check_representation
from spanset.features.specs import Spec, parse_features
from spanset.greedy.kernel_choice import check_kernel
from spanset.greedy.rules import is_exact_enough
from spanset.quality.lengths import count_tokens
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.first_measures import MEASURES
from spanset.report.looked_at.first_page import first_page
from spanset.report.looked_at.next_steps import Asked
from spanset.report.looked_at.size_curve import SizeCurve
from spanset.report.parts.mapped_rows import MOST as LOOKED_AT
from spanset.selectors.repeat_groups import RepeatGroups

STREAM = 31  # of the seed
POOL = 1_000  # rows of a draw that is measured: of as many, public sets are known
FEWEST = 20  # rows that a measure says something of
INPUTS = 6  # that are measured by themselves, too


def first_look(config: ReportConfig, watcher: Watcher) -> str:
    """The page of data.

    Raises
    ------
    SpansetError
        With what, where, why and what to do.
    """
    spec = check_look(config)
    seed = config.page.seed
    with watcher.stage("read"):
        data = read_data(config.data, config.reading)
    with watcher.stage("describe"):
        traits, tokens = RowTraits.of(data), count_tokens(data)
    with watcher.stage("represent"):
        name = config.data[0] if len(config.data) == 1 else "all rows"
        prepared = Prepared.of_rows(
            {name: drawn_rows(data, seed)},
            spec,
            normalize=True,
            seed=seed,
            model=config.model,
            on_bad_row=config.reading.on_bad_row,
            watcher=watcher,
        )
        volume = _volume(config, prepared, watcher)
    one = prepared.sets[0]
    looked = one.data
    assert looked is not None  # noqa: S101 (rows were given)
    inputs = input_sets(one.X, looked)
    with watcher.stage("compare"):
        groups = RepeatGroups.of(one.X, seed=seed, watcher=watcher)
        between = repeats_between(inputs, seed=seed)
    with watcher.stage("measure"):
        sets, known = _measured(prepared, inputs, volume, seed, watcher)
    with watcher.stage("choose"):
        curve = SizeCurve.of(one.X, volume.kernel, seed=seed, watcher=watcher)
    with watcher.stage("report"):
        facts = FirstFacts(
            data,
            tokens,
            traits,
            looked,
            places_in(data.ids, looked.ids)[0],
            one.X,
            prepared.kind,
            groups,
            between,
            sets,
            known,
            curve,
            seed,
            config.page.projection or "pca",
        )
        return first_page(facts, _asked(config))


def check_look(config: ReportConfig) -> Spec:
    """Refuse what is wrong without a look at the data; what rows are compared by."""
    refuse_second_stdin(config.data, "DATA")
    refuse_negative(("--seed", config.page.seed))
    check_kernel(config.features.kernel, config.features.gamma, "float64")
    if not config.features.normalize:
        raise UsageError(
            "a first look compares directions",
            where="--no-normalize",
            why="known sets are measured so",
            fix="leave it out",
        )
    spec = parse_features(config.features.features, config.model.model)
    check_representation(spec, config.model)
    check_reading(config.reading)
    return spec


def drawn_rows(data: Dataset, seed: int) -> Dataset:
    """All rows, or a draw of `LOOKED_AT` in their order."""
    if len(data) <= LOOKED_AT:
        return data
    rows: IntArray = np.random.default_rng([seed, STREAM]).permutation(len(data))[:LOOKED_AT]
    return data[np.sort(rows)]


def _volume(config: ReportConfig, prepared: Prepared, watcher: Watcher) -> Volume:
    """How volumes are taken; `n` is still to be set."""
    how = Comparison(
        config.features.kernel,
        config.features.gamma,
        dtype="float64",
        seed=config.page.seed,
        device=config.model.selection_device,
    )
    return prepared.volume(reference_of(None), how, watcher)


def _measured(
    prepared: Prepared, inputs: list[MeasuredData], volume: Volume, seed: int, watcher: Watcher
) -> tuple[list[MeasuredSet], list[KnownValue]]:
    """All rows, and a few inputs by themselves, by draws of equal size; none of too few rows."""
    sets = [replace(prepared.sets[0], name="all rows")]
    if 1 < len(inputs) <= INPUTS:
        sets += [one for one in inputs if len(one.X) >= FEWEST]
    elif len(inputs) == 1:
        sets = [replace(sets[0], name=inputs[0].name)]
    pool = min(POOL, matched_pool([len(one.X) for one in sets], None))
    if len(sets[0].X) < FEWEST or not is_exact_enough(volume.kernel, sets[0].X[:1].astype(float)):
        return [], []
    volume = replace(volume, n=pool)
    found = measure_sets(
        sets, parse_measures(MEASURES), volume, pool=pool, seed=seed, watcher=watcher
    )
    return found, prepared.known(volume, pool)


def _asked(config: ReportConfig) -> Asked:
    """What was asked for, in words of a command line."""
    reading = replace(config.reading, on_bad_row="skip")  # said where there are such rows
    comparing = told_words(config.features, config.model)
    return Asked(config.data, told_words(reading), comparing)
