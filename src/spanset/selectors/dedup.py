"""Deduplication: of rows that repeat each other the best stays, and stands for the others.

Rows are taken by preference: sources that are named first, then quality, then as they stand. A row
at a cosine of `threshold` or more with a row that stays is dropped, and that row stands for it, the
nearest where there are several. So no row is dropped for one that is dropped itself, and of a group
one always stays. Lee et al. (2022) [lee2022deduplicating] show what near copies cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.cosines import Cosines, as_float32, nearest_of
from spanset.greedy.selection import Selection, StopReason
from spanset.selectors.near_pairs import NearPairs, near_pairs
from spanset.selectors.ranked import within_budget
from spanset.selectors.request import Request

THRESHOLD = 0.95


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Deduplicated(Selection):
    """Rows without their repeats.

    Attributes
    ----------
    stands_for : (N,) int64
        Of each row, the row that stays for it: itself, where it stays; of one that repeats given
        row g, -1 - g.
    nearness : (N,) float32
        Cosine with that row, 1 of a row that stays.
    threshold : float
        From which rows repeat each other.
    again : Again
        What another threshold takes.
    """

    stands_for: IntArray
    nearness: Cosines
    threshold: float
    again: Again

    def of_more(self, places: IntArray, total: int) -> Deduplicated:
        """The same by positions among more rows: these stand at `places`, the others apart."""
        return replace(self.again, places=(places, total)).at(self.threshold)

    @property
    def dropped(self) -> IntArray:
        """Rows that do not stay, ascending."""
        return np.flatnonzero(self.stands_for != np.arange(len(self.stands_for)))

    def at(self, threshold: float) -> Deduplicated:
        """The same by another threshold, from the pairs found before.

        Raises
        ------
        ValueError
            A threshold below the lowest that pairs were looked for.
        """
        return self.again.at(threshold)


@dataclass(frozen=True, eq=False)
class Again:
    """What another threshold takes: the pairs, and the order of preference."""

    request: Request
    pairs: NearPairs
    preference: IntArray
    given: tuple[Cosines, IntArray] | None
    places: tuple[IntArray, int] | None = None

    def at(self, threshold: float) -> Deduplicated:
        """Rows that stay at this threshold."""
        if threshold < self.pairs.floor:
            raise ValueError(f"pairs are known from {self.pairs.floor:g} on, not {threshold:g}")
        kept, stands_for, nearness = self._decided(threshold)
        picks = kept[: self.request.k]
        scores = np.full(len(picks), np.nan)
        if self.request.log_quality is not None:
            scores = self.request.log_quality[picks]
        reason = StopReason.THRESHOLD if len(kept) < self.request.k else StopReason.REACHED_K
        found = within_budget(picks, scores, reason, self.request)
        if self.places is not None:
            where, total = self.places
            found = replace(found, order=where[found.order])
            own = np.where(stands_for >= 0, where[np.maximum(stands_for, 0)], stands_for)
            stands_for, near = np.arange(total), np.ones(total, np.float32)
            stands_for[where], near[where] = own, nearness
            nearness = near
        return Deduplicated(
            **vars(found),
            stands_for=stands_for,
            nearness=nearness,
            threshold=threshold,
            again=self,
        )

    def _decided(self, threshold: float) -> tuple[IntArray, IntArray, Cosines]:
        """Rows that stay, by preference; what stands for each row, and how near it is."""
        N, rank = len(self.preference), np.empty(len(self.preference), np.int64)
        rank[self.preference] = np.arange(N)
        stands_for, nearness = np.arange(N), np.ones(N, np.float32)
        if self.given is not None:
            cosines, rows = self.given
            repeats = cosines >= np.float32(threshold)
            stands_for[repeats] = -1 - rows[repeats]
            nearness[repeats] = cosines[repeats]
        # Of rows with equal features the preferred one speaks for all.
        speaker = _preferred(self.pairs.leader, rank)
        later, earlier, cosine = self._by_preference(threshold, rank, speaker)
        borders = np.append(np.flatnonzero(np.diff(later, prepend=-1)), len(later))
        for start, stop in pairwise(borders):
            row = int(self.preference[later[start]])
            if stands_for[row] != row:
                continue
            before = self.preference[earlier[start:stop]]
            stays = stands_for[before] == before
            if stays.any():  # the nearest, of equals the preferred one
                place = int(np.argmax(np.where(stays, cosine[start:stop], -2.0)))
                stands_for[row], nearness[row] = before[place], cosine[start + place]
        copies = np.flatnonzero(speaker != np.arange(N))
        copies = copies[stands_for[copies] == copies]
        stands_for[copies] = stands_for[speaker[copies]]
        nearness[copies] = nearness[speaker[copies]]
        kept = self.preference[stands_for[self.preference] == self.preference]
        return kept, stands_for, nearness

    def _by_preference(
        self, threshold: float, rank: IntArray, speaker: IntArray
    ) -> tuple[IntArray, IntArray, FloatArray]:
        """Pairs as places in the order of preference, by the later row, then the earlier."""
        pairs = self.pairs.pairs[self.pairs.pairs["cosine"] >= np.float32(threshold)]
        one, other = rank[speaker[pairs["first"]]], rank[speaker[pairs["second"]]]
        later, earlier = np.maximum(one, other), np.minimum(one, other)
        by = np.lexsort((earlier, later))
        return later[by], earlier[by], pairs["cosine"][by]


def select_dedup(request: Request) -> Selection:
    """Rows that repeat none preferred to them: all, or the first k by preference."""
    threshold = THRESHOLD if request.threshold is None else request.threshold
    pairs = near_pairs(request.matrix, threshold, request.beside)
    given = None
    if request.given is not None and len(request.given):
        given = nearest_of(as_float32(request.matrix), as_float32(request.given))
    return Again(request, pairs, preference(request), given).at(threshold)


def preference(request: Request) -> IntArray:
    """Rows in the order in which they are kept rather than others."""
    keys = []
    if request.log_quality is not None:
        keys.append(-request.log_quality)
    if request.precedence is not None:
        keys.append(request.precedence)
    if not keys:
        return np.arange(len(request.features))
    return np.lexsort(keys).astype(np.int64)  # stable: equals as they stand


def _preferred(leader: IntArray, rank: IntArray) -> IntArray:
    """Of each row, the preferred one among those with the same leader."""
    best = np.full(len(leader), len(leader), np.int64)
    np.minimum.at(best, leader, rank)
    order = np.argsort(rank)
    return order[best[leader]]
