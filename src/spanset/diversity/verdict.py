"""What the numbers say, in plain words; docs/diversity.md reasons the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from spanset.diversity.addition import Addition, Additions
from spanset.diversity.ldd import LDD, EquivalentSize, FloorShare
from spanset.diversity.measurement import Headroom, MeasuredSet, Measurement
from spanset.diversity.measures.near_duplicates import NearDuplicates

# Equivalent size as a share of n. Real data sets of distinct rows measure 0.88 to 0.95 in lexical
# space; two of three rows' worth is where one template's fillings and many families differ.
SPREAD_OUT = 0.9
REDUNDANT = 0.67

# How many times more k picks span than k random rows, over the same of uniform points.
NO_HEADROOM = 1.05
HEADROOM = 1.10
FEWEST_PICKS = 50  # equivalent sizes are whole rows: of fewer, one row is too large a share

# How many times more a row of new data leaves than one more row of the same.
NEW = 1.1
STALE = 0.9

ALL_KNOWN = 0.9  # share of repeated rows from which a file is a copy

APART = 2.0  # standard deviations from which two values are told apart


def verdicts(sets: Sequence[MeasuredSet], *, reference: str | None = None) -> list[str]:
    """A sentence or more on each data set, then which is the most diverse.

    `reference` names the data that volumes are compared with, where it is not uniform points: the
    thresholds are those of uniform points.
    """
    if reference is not None:
        return [line for one in sets for line in _beside(one, reference)] + _ranking(sets)
    lines = [line for one in sets for line in _of_set(one)]
    return lines + _ranking(sets)


def verdict_of_subsets(sets: Sequence[MeasuredSet]) -> list[str]:
    """How much each subset spans, random rows last; which spans the most."""
    sizes = {one.name: one.measurements.get(EquivalentSize.name) for one in sets}
    return [
        f"{name}: {size.n:,} rows of {size.pool:,} span as much as {size.value:,.0f} that were "
        "picked from as many uniform points."
        for name, size in sizes.items()
        if size is not None
    ] + _ranking(sets)


def told_apart(first: Measurement, second: Measurement) -> bool:
    """Whether two values differ by more than two standard deviations of their difference.

    Never by one draw, which has no deviation.
    """
    if min(len(first.draws), len(second.draws)) < 2:
        return False
    spread = np.hypot(_deviation(first), _deviation(second))
    return bool(abs(first.value - second.value) > APART * spread)


def verdict_of_additions(added: Additions) -> list[str]:
    """A sentence on each file of new data, on whether it is worth getting."""
    return [_of_file(one) for one in added.files]


def _of_set(one: MeasuredSet) -> list[str]:
    """How far from uniform, what is redundant, and whether selecting is likely to help."""
    size = one.measurements.get(EquivalentSize.name)
    parts = [] if size is None else [_distance(size)]
    parts += _redundancy(one)
    parts += [] if one.headroom is None else [_selecting(one.headroom)]
    lines = [f"{one.name}: {' '.join(parts)}"] if parts else []
    ldd = one.measurements.get(LDD().name)
    if ldd is not None and len(ldd.draws) > 1 and ldd.value < -APART * _deviation(ldd):
        lines.append(
            f"{one.name}: the LDD is negative: the rows are more spread out than random points, so "
            "the reference is not the most diverse there is here. Compare data sets with each "
            "other, not with 0."
        )
    return lines


def _deviation(one: Measurement) -> float:
    """Standard deviation over draws that had no row in common.

    Draws without replacement share rows and differ less than others would: the variance of a mean
    is smaller by the factor 1 - overlap. Where (nearly) all rows are drawn, that tells nothing, and
    the factor stops at 1 / 20.
    """
    return float(
        np.hypot(one.deviation / np.sqrt(max(1.0 - one.overlap, 0.05)), one.standard_error)
    )


def _beside(one: MeasuredSet, reference: str) -> list[str]:
    """How far from another data set."""
    size, ldd = (one.measurements.get(name) for name in (EquivalentSize.name, LDD().name))
    parts = []
    if size is not None:
        parts.append(f"{size.n:,} rows span as much as {size.value:,.0f} rows of {reference}.")
    if ldd is not None and len(ldd.draws) > 1:
        apart = abs(ldd.value) > APART * _deviation(ldd)
        more = "more" if ldd.value < 0 else "less"
        judged = f"{more} diverse than" if apart else "as diverse as"
        parts.append(f"By LDD it is {judged} {reference}.")
    return [f"{one.name}: {' '.join([*parts, *_redundancy(one)])}"] if parts else []


def _distance(size: Measurement) -> str:
    share = size.value / (size.n or 1)
    if share >= SPREAD_OUT:
        judged = "close to as spread out as can be"
    elif share >= REDUNDANT:
        judged = "partly redundant"
    else:
        judged = "much of it is redundant"
    return f"{size.n:,} rows span as much as {size.value:,.0f} uniform points: {judged}."


def _redundancy(one: MeasuredSet) -> list[str]:
    """Shares of rows that repeat others, where they were measured and are seen."""
    found = []
    near = one.measurements.get(NearDuplicates().name)
    if near is not None and near.value > 0:
        found.append(f"{_percent(near.value)} of the rows nearly repeat another.")
    floor = one.measurements.get(FloorShare.name)
    if floor is not None and floor.value > 0:
        found.append(f"{_percent(floor.value)} add next to nothing to the rest.")
    return found


def _selecting(room: Headroom) -> str:
    if room.k < FEWEST_PICKS:
        return "Too few rows to tell whether selecting helps (unknown)."
    low, high = room.random.mean() - _spread(room), room.random.mean() + _spread(room)
    beside = (
        f"{room.k:,} picked rows span as much as {room.picked.mean():,.0f} uniform points, "
        f"{room.k:,} random ones as {low:,.0f} to {high:,.0f}: "
    )
    if room.ratio >= HEADROOM:
        return beside + "selecting for diversity is likely to help."
    if room.ratio <= NO_HEADROOM:
        return beside + "selecting for diversity is unlikely to help; quality may."
    return beside + "whether selecting for diversity helps is unknown."


def _spread(room: Headroom) -> float:
    """Two standard deviations over draws; at least a row, which the size is rounded to."""
    deviation = float(room.random.std(ddof=1)) if len(room.random) > 1 else 0.0
    return max(1.0, APART * deviation)


def _ranking(sets: Sequence[MeasuredSet]) -> list[str]:
    """Data sets by LDD, the most diverse first, and those that cannot be told apart."""
    name = LDD().name
    known = [one for one in sets if name in one.measurements]
    if len(known) < 2:
        return []
    known.sort(key=lambda one: one.measurements[name].value)
    shown = ", ".join(f"{one.name} {one.measurements[name].value:.3f}" for one in known)
    lines = [f"Most diverse first, by LDD: {shown}."]
    for first, second in pairwise(known):
        a, b = first.measurements[name], second.measurements[name]
        if len(a.draws) > 1 and not told_apart(a, b):
            lines.append(f"{first.name} and {second.name} cannot be told apart.")
    return lines


def _of_file(one: Addition) -> str:
    repeated = f"; {_percent(one.repeated)} of its rows repeat what you have" * (one.repeated > 0)
    line = (
        f"{one.name}: a row leaves {_percent(one.mean_residual)} of itself unexplained by the "
        f"current data{repeated}: "
    )
    if one.repeated >= ALL_KNOWN:
        return (
            f"{one.name}: {_percent(one.repeated)} of its rows repeat what you have; it adds next "
            "to nothing."
        )
    ratio = one.beside_same
    if ratio is None:
        return line + "there is too little current data to say whether that is much (unknown)."
    beside = f"{ratio:.2f} times a row of the same"
    if ratio >= NEW:
        return line + f"{beside}, so it adds more than more of the same would."
    if ratio <= STALE:
        return line + f"{beside}, so more of the same would add as much or more."
    return line + f"{beside}, so it is worth about as much as more of the same."


def _percent(share: float) -> str:
    """A share in per cent; a positive one is never shown as none."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.995 else f"{100 * share:.0f} %"
