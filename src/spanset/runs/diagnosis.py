"""Diagnosis of a finished selection: the signs that apply, the gravest first.

case -> every sign of the table, but for those that another explains -> the signs
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from spanset.diversity.verdict import FEWEST_PICKS
from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.signs.kernel_width import all_alike, none_alike, picks_spent
from spanset.runs.signs.quality_share import quality_alone, quality_unheard
from spanset.runs.signs.room_left import no_room
from spanset.runs.signs.row_lengths import long_picks, short_picks
from spanset.runs.signs.sign import Sign
from spanset.runs.signs.sketch_width import coarse_sketch, wide_features


class Look(NamedTuple):
    """A sign to look for.

    Attributes
    ----------
    find : callable
        The sign, or None where it does not apply.
    explained_by : tuple of str
        Names of signs, earlier in the table, of which it would be a mere consequence.
    """

    find: Callable[[FinishedCase], Sign | None]
    explained_by: tuple[str, ...] = ()


# A line here is all that a new sign needs beside its function.
LOOKS = (
    Look(all_alike),
    Look(none_alike),
    Look(picks_spent),
    Look(coarse_sketch),
    Look(quality_alone, ("all-alike", "none-alike")),
    Look(quality_unheard, ("all-alike", "none-alike")),
    Look(short_picks),
    Look(long_picks),
    Look(no_room, ("all-alike", "none-alike", "picks-spent", "coarse-sketch")),
    Look(wide_features, ("coarse-sketch",)),
)


def diagnose(case: FinishedCase) -> tuple[Sign, ...]:
    """Signs of a finished selection; none of fewer than 50 picks, which chance may explain.

    Time of two products of 512 rows; where a quality is judged, of a factorisation of 1,000.
    """
    if len(case.picks) < FEWEST_PICKS:
        return ()
    found: dict[str, Sign] = {}
    with threadpool_limits(1, user_api="blas"):  # the same bytes on any number of processors
        for look in LOOKS:
            if found.keys() & set(look.explained_by):
                continue
            sign = look.find(case)
            if sign is not None:
                found[sign.name] = sign
    return tuple(found.values())
