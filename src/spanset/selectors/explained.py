"""Why the greedy selection picked rows, or left them out, from the factor of its picks.

factor of given rows and picks -> what each took of the asked rows, and of rows that are typical ->
reasons (dpp_reasons.py)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.stages import SILENT, Watcher
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.rules import LARGEST_SHARE, make_rules
from spanset.greedy.shares import Shares, factor_of, shares
from spanset.selectors.choosing import as_compared
from spanset.selectors.dpp_reasons import Lead, LeftByGain, PickedByGain, Taken, Taker
from spanset.selectors.finished_choice import FinishedChoice

SAMPLE = 2000  # rows that a typical one is found among, where there are more
TYPICAL = 500  # rows left out that what a pick takes of a row on average is found of
STREAM = 7  # of the seed, for these draws: other streams belong to others
AT_ONCE = 500  # rows whose columns of the factor are held at once


@dataclass(frozen=True, eq=False)
class Explained:
    """The factor of a finished choice.

    Attributes
    ----------
    factor : Conditioning
        Of given rows less their copies, then the picks.
    given : (g,) int64
        Positions of the former among the given rows.
    """

    choice: FinishedChoice
    factor: Conditioning
    given: IntArray

    @classmethod
    def of(cls, choice: FinishedChoice) -> Explained:
        """Factor the kernel of the picks; time k^3 / 3, memory k^2."""
        given = choice.given_points()
        order = np.zeros(0, np.int64)
        if len(given):
            # As the run did it, in its dtype: which rows count as copies depends on that.
            as_run = given.astype(choice.how.dtype)
            order = blocked_greedy(as_run, len(given), choice.kernel).order
        picks = choice.points(choice.picks)
        return cls(choice, factor_of(given[order], picks, choice.kernel), order)

    def gains(self) -> FloatArray:
        """Gain of every pick; (k,)."""
        return np.square(np.diag(self.factor.lower)[len(self.given) :])

    def reasons(self, rows: IntArray) -> list[PickedByGain | LeftByGain]:
        """Why each of these rows was picked or left out, in their order."""
        ranks = self.choice.ranks()[rows]
        made, left = rows[ranks > 0], rows[ranks == 0]
        found: dict[int, PickedByGain | LeftByGain] = {}
        found |= zip(made.tolist(), self.picked(ranks[ranks > 0].tolist()), strict=True)
        found |= zip(left.tolist(), self.left_out(left), strict=True)
        return [found[row] for row in rows.tolist()]

    def ranks_if_continued(
        self, rows: IntArray, further: int, watcher: Watcher = SILENT
    ) -> list[int | None]:
        """Ranks that rows left out would have, were the selection to go on by `further` picks.

        The order is nested: picking goes on where the run stopped. None beyond.
        """
        choice, factor = self.choice, self.factor
        X, _ = as_compared(choice.candidates, choice.how)
        more = blocked_greedy(
            X,
            min(further, len(X) - len(choice.picks)),
            choice.kernel,
            log_quality=choice.candidates.log_quality,
            quality_weight=choice.how.quality_weight,
            given=Conditioning(factor.points.astype(X.dtype), factor.lower),
            workers=choice.how.workers,
            on_progress=watcher.progress,
        )
        place = {row: len(choice.picks) + at for at, row in enumerate(more.order.tolist(), 1)}
        return [place.get(row) for row in rows.tolist()]

    def picked(self, ranks: Sequence[int]) -> list[PickedByGain]:
        """Why these picks were made."""
        choice = self.choice
        own = choice.kernel.diagonal(choice.points(choice.picks))
        gains = self.gains() / own
        leads = self._leads(ranks, gains)
        median = float(np.median(gains))
        return [
            PickedByGain(float(gains[rank - 1]), median, float(choice.scores[rank - 1]), lead)
            for rank, lead in zip(ranks, leads, strict=True)
        ]

    def left_out(self, rows: IntArray) -> list[LeftByGain]:
        """Why these rows were not picked."""
        if not len(rows):
            return []
        choice = self.choice
        points = choice.points(rows)
        found = shares(self.factor, points, choice.kernel)
        log_quality = choice.candidates.log_quality
        rules = make_rules(
            choice.kernel,
            points.astype(choice.how.dtype),
            None if log_quality is None else log_quality[rows],
            choice.how.quality_weight,
        )
        before_last = rules.scores(found.left(len(self.factor) - 1))
        left = found.left()
        spent = left < rules.spent_below
        alone = self._took_all(points, rules.spent_below) if spent.any() else [None] * len(rows)
        others = self._of_left_out()
        typical = (others.taken / others.diagonal).mean(axis=1)
        typical_left = float(np.median(others.left() / others.diagonal))
        reasons = []
        for number, taken in enumerate((found.taken / found.diagonal).T):
            is_spent, score = bool(spent[number]), float(before_last[number])
            most, own = int(taken.argmax()), int((taken - typical).argmax())
            reasons.append(
                LeftByGain(
                    self._taken(most, taken[most], typical[most]),
                    self._taken(own, taken[own], typical[own]),
                    0.0 if is_spent else float(left[number] / found.diagonal[number]),
                    typical_left,
                    is_spent,
                    alone[number] if is_spent else None,
                    score if np.isfinite(score) else None,
                    float(choice.scores[-1]),
                )
            )
        return reasons

    def _of_left_out(self) -> Shares:
        """What was taken of rows left out, some of them drawn where there are many."""
        rows = self.choice.left_out()
        if len(rows) > TYPICAL:
            drawn = np.random.default_rng([self.choice.how.seed, STREAM])
            rows = np.sort(drawn.choice(rows, TYPICAL, replace=False))
        return shares(self.factor, self.choice.points(rows), self.choice.kernel)

    def _taker(self, place: int) -> Taker:
        """Of the factor's rows the one at this place."""
        rank = max(0, place - len(self.given) + 1)
        row = self.choice.picks[rank - 1] if rank else self.given[place]
        return Taker(int(row), rank)

    def _taken(self, place: int, share: float, typical: float) -> Taken:
        taker = self._taker(place)
        return Taken(taker.row, taker.rank, float(share), float(typical))

    def _took_all(self, points: FloatArray, spent_below: FloatArray) -> list[Taker | None]:
        """The first of the factor's rows that alone leaves nothing of a row."""
        kernel = self.choice.kernel
        others = self.factor.points.astype(np.float64)
        diagonal = kernel.diagonal(points)
        took = np.square(kernel.block(points, others)) / kernel.diagonal(others)
        alone = diagonal[:, None] - took < spent_below[:, None]
        return [self._taker(int(row.argmax())) if bool(row.any()) else None for row in alone]

    def _leads(self, ranks: Sequence[int], gains: FloatArray) -> list[Lead | None]:
        """Leads of the picks of these ranks."""
        choice, weight = self.choice, self.choice.how.quality_weight
        log_quality = choice.candidates.log_quality
        if log_quality is None or weight == 0.0 or not len(ranks):
            return [None] * len(ranks)
        sample = self._sample()
        residuals = self._residuals(sample, ranks)
        rank_of = choice.ranks()[sample]
        leads: list[Lead | None] = []
        for rank, left in zip(ranks, residuals, strict=True):
            waiting = (rank_of == 0) | (rank_of >= rank)
            if not waiting.any():
                leads.append(None)
                continue
            typical = float(np.median(log_quality[sample[waiting]]))
            logs = np.log(np.maximum(left[waiting], LARGEST_SHARE))
            own = float(np.log(max(gains[rank - 1], LARGEST_SHARE)))
            quality = weight * (float(log_quality[choice.picks[rank - 1]]) - typical)
            leads.append(Lead(quality, (1.0 - weight) * (own - float(np.median(logs)))))
        return leads

    def _sample(self) -> IntArray:
        """Rows among which a typical one is found."""
        n = len(self.choice)
        if n <= SAMPLE:
            return np.arange(n)
        drawn = np.random.default_rng([self.choice.how.seed, STREAM])
        return np.sort(drawn.choice(n, SAMPLE, replace=False))

    def _residuals(self, rows: IntArray, ranks: Sequence[int]) -> FloatArray:
        """What was left of some rows when each of these picks was made; shares, (ranks, rows)."""
        found = np.empty((len(ranks), len(rows)))
        for start in range(0, len(rows), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            of_some = shares(self.factor, self.choice.points(rows[some]), self.choice.kernel)
            taken = np.cumsum(of_some.taken, axis=0)
            for number, rank in enumerate(ranks):
                before = len(self.given) + rank - 1
                left = of_some.diagonal - (taken[before - 1] if before else 0.0)
                found[number, some] = np.maximum(left, 0.0) / of_some.diagonal
        return found
