"""Picks that rows left out repeat nearly: the groups of repeats that the selection cut to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spanset.diversity.measures.near_duplicates import THRESHOLD
from spanset.report.parts.mapped_rows import MappedRows

GROUPS = 12  # that are shown, the largest first
FIRST = 3  # rows of each that are named


@dataclass(frozen=True)
class RepeatedPick:
    """A pick and the rows left out that repeat it.

    Attributes
    ----------
    place : int
        Of the pick among the rows that are shown.
    rows : int
        How many repeat it.
    nearest : list of int
        Places of the first few of them, the nearest first.
    """

    place: int
    rows: int
    nearest: list[int]


def repeated_picks(shown: MappedRows) -> Iterator[RepeatedPick]:
    """The most repeated picks among rows that are shown, the most repeated first.

    A row left out repeats the pick that is nearest to it, where their cosine is that of near
    duplicates or more.
    """
    left = np.arange(shown.picks, len(shown.rows))
    repeats = left[shown.cosine[left] >= THRESHOLD]
    ranks, counts = np.unique(shown.nearest[repeats], return_counts=True)
    places = {rank: place for place, rank in enumerate(shown.ranks[: shown.picks].tolist())}
    for at in np.argsort(-counts, kind="stable")[:GROUPS]:
        if int(ranks[at]) not in places:
            continue  # a large pool's picks are not all shown
        own = repeats[shown.nearest[repeats] == ranks[at]]
        nearest_first = own[np.argsort(-shown.cosine[own], kind="stable")]
        yield RepeatedPick(places[int(ranks[at])], int(counts[at]), nearest_first[:FIRST].tolist())
