"""What the numbers say, in plain words; docs/diversity.md reasons the thresholds.

A sentence a data set; what all have in common is said once, at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from spanset.diversity.addition import Addition, Additions
from spanset.diversity.known_sets import KnownValue, place_of
from spanset.diversity.ldd import LDD, EquivalentSize, FloorShare
from spanset.diversity.measurement import Headroom, MeasuredSet, Measurement
from spanset.diversity.measures.near_duplicates import NearDuplicates
from spanset.diversity.repeats import Repeats

# How many times more k picks span than k random rows, over the same of uniform points.
NO_HEADROOM = 1.05
HEADROOM = 1.10
FEWEST_PICKS = 50  # equivalent sizes are whole rows: of fewer, one row is too large a share

# How many times more a row of new data leaves than one more row of the same.
NEW = 1.1
STALE = 0.9

WORTH_SAYING = 0.01  # share of a data set's rows that repeat another's

ALL_KNOWN = 0.9  # share of repeated rows from which a file is a copy

SCALE = "Public sets of as many rows"  # begins the line that has the scale in words

APART = 2.0  # standard deviations from which two values are told apart


def verdicts(
    sets: Sequence[MeasuredSet],
    *,
    known: Sequence[KnownValue] = (),
    sees: str = "",
    reference: str | None = None,
) -> list[str]:
    """A sentence on each data set, then which is the most diverse, and what all have in common.

    Parameters
    ----------
    known : sequence of KnownValue
        What public data sets measure alike, the most diverse first; none where that is not known.
    sees : str
        What the features see of a row, and what they do not.
    reference : str, optional
        The data that volumes are compared with, where it is not uniform points.
    """
    if reference is not None:
        lines = [line for one in sets for line in _beside(one, reference)]
    else:
        lines = [line for one in sets for line in _of_set(one, known)]
    lines += _ranking(sets)
    rooms = [one.headroom.k for one in sets if one.headroom and one.headroom.k >= FEWEST_PICKS]
    if rooms and reference is None:
        lines.append(
            f"Room to select: how many times more {rooms[0]:,} picks span than random rows do."
        )
    if known and any(LDD().name in one.measurements for one in sets) and reference is None:
        shown = ", ".join(f"{one.name} {one.ldd:.3f}" for one in known)
        lines.append(f"{SCALE}, by LDD: {shown}.")
    return [*lines, sees] if lines and sees else lines


def verdict_of_repeats(repeats: Repeats | None) -> list[str]:
    """A sentence on each pair of data sets of which one repeats much of the other."""
    if repeats is None:
        return []
    lines, names = [], repeats.names
    for one, other in combinations(range(len(names)), 2):
        # The one that is repeated most of: rows of the smaller one, as a rule.
        pair = max(((one, other), (other, one)), key=lambda pair: float(repeats.near[pair]))
        if repeats.near[pair] < WORTH_SAYING:
            continue
        exact = int(repeats.exact[pair])
        what = f"{names[pair[0]]} repeat a row of {names[pair[1]]}"
        if exact == repeats.rows[pair[0]]:
            lines.append(f"All rows of {what}, exactly.")
            continue
        about = "About " if repeats.error[pair] else ""
        some = f", {exact:,} of them exactly" if exact else ""
        lines.append(f"{about}{_percent(repeats.near[pair])} of the rows of {what}{some}.")
    return lines


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


def _of_set(one: MeasuredSet, known: Sequence[KnownValue]) -> list[str]:
    """Where it stands, how far from uniform, what repeats, whether there is room to select."""
    ldd = one.measurements.get(LDD().name)
    size = one.measurements.get(EquivalentSize.name)
    parts = []
    if size is not None:
        parts.append(f"spans what {size.value:,.0f} uniform points do")
    parts += _redundancy(one)
    parts += [] if one.headroom is None else [_selecting(one.headroom)]
    if ldd is not None and known:
        parts.insert(0, place_of(ldd.value, known))
    lines = [f"{one.name}: {'; '.join(parts)}."] if parts else []
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
    parts += [f"{found}." for found in _redundancy(one)]
    return [f"{one.name}: {' '.join(parts)}"] if parts else []


def _redundancy(one: MeasuredSet) -> list[str]:
    """Shares of rows that repeat others, where they were measured and are seen."""
    found = []
    near = one.measurements.get(NearDuplicates().name)
    if near is not None and near.value > 0:
        found.append(f"{_percent(near.value)} of its rows nearly repeat another")
    floor = one.measurements.get(FloorShare.name)
    if floor is not None and floor.value > 0:
        found.append(f"{_percent(floor.value)} of its picks add next to nothing to the rest")
    return found


def _selecting(room: Headroom) -> str:
    if room.k < FEWEST_PICKS:
        return "too few rows to tell whether there is room to select"
    much = "" if room.ratio >= HEADROOM else "little " if room.ratio <= NO_HEADROOM else "some "
    return f"{much}room to select ({room.ratio:.2f})"


def _ranking(sets: Sequence[MeasuredSet]) -> list[str]:
    """Data sets by LDD, the most diverse first, and which of them cannot be told apart."""
    name = LDD().name
    known = [one for one in sets if name in one.measurements]
    if len(known) < 2:
        return []
    known.sort(key=lambda one: one.measurements[name].value)
    shown, is_alike = known[0].name + _value(known[0]), False
    for first, second in pairwise(known):
        a, b = first.measurements[name], second.measurements[name]
        alike = len(a.draws) > 1 and not told_apart(a, b)
        is_alike = is_alike or alike
        shown += (" ≈ " if alike else ", ") + second.name + _value(second)
    sign = " (≈: not told apart)" if is_alike else ""
    return [f"Most diverse first, by LDD{sign}: {shown}."]


def _value(one: MeasuredSet) -> str:
    return f" {one.measurements[LDD().name].value:.3f}"


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
