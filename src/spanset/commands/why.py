"""`spanset why`: read a run again, and tell why rows of it were picked or left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.memory import available_bytes
from spanset.base.speed import greedy_seconds
from spanset.base.stages import Watcher
from spanset.commands.choosing.run_again import RunAgain
from spanset.commands.why_answers import Answer, Further, OtherWeight, Places, QualityPlace, Why
from spanset.config.amounts import duration
from spanset.config.number_grids import number_grid
from spanset.data.asked_rows import asked_row, unrepresented_row
from spanset.greedy.footprint import Footprint
from spanset.runs.reread import PastRun
from spanset.selectors.dpp_reasons import LeftByGain
from spanset.selectors.explained import Explained
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.nearest_picks import nearest_given, nearest_pick, stands_for
from spanset.selectors.reasons import Explainer, Reason, explainer_of, first_weights

WEIGHTS = "0,0.05,0.1:1:0.1"  # of quality, that are tried
# Seconds, by the estimate, of a selection that is run unasked; small ones take thrice as long.
QUICK = 0.5  # one for each lambda
PATIENT = 5.0  # the one that goes on with the run's
SMALL = 4e9  # operations of a selection that takes a second at most


@dataclass(frozen=True)
class Asked:
    """What `spanset why` is asked beside the rows.

    Attributes
    ----------
    weights : list of float or None
        Values of lambda to try; None where it is not said.
    further : bool
        Whether the selection is to go on for the rank of rows left out, however long it takes.
    """

    weights: list[float] | None = None
    further: bool = False

    @classmethod
    def check(cls, lambdas: str | None, *, further: bool) -> Asked:
        """Refuse what is no grid."""
        weights = None if lambdas is None else number_grid(lambdas, "--lambdas")
        return cls(weights, further)


def run_why(folder: str, rows: Sequence[str], asked: Asked, watcher: Watcher) -> Why:
    """Run ``spanset why``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do.
    """
    if not rows:
        fix = "name a row: its number, FILE:LINE, or a text that occurs in it"
        raise UsageError("no row is named", where="ROW", fix=fix)
    with watcher.stage("read"):
        past = PastRun.open(folder)
        data = past.read()
        numbers = [int(data.ids[asked_row(data, row)]) for row in rows]
    again = RunAgain.of(past, data, watcher)
    positions = np.array([_candidate(again, number) for number in numbers], np.int64)
    with watcher.stage("explain"):
        explainer = explainer_of(again.choice)
        if (gains := explainer.gains()) is not None:
            again.require_gains(gains)
        reasons = explainer.reasons(positions)
        answers = [
            _answer(again, row, reason)
            for row, reason in zip(positions.tolist(), reasons, strict=True)
        ]
    left = positions[again.choice.ranks()[positions] == 0]
    notes: list[str] = []
    if len(left) and again.choice.how.parts > 1:
        notes.append(
            "Picked in two rounds: a row whose part had better ones is left out, even where its "
            "score lies above the last pick's."
        )
    with watcher.stage("what if"):
        further = _further(again, explainer, _unspent(positions, reasons), asked, notes, watcher)
        weights = _weights(again, left, asked, notes, watcher)
    answers = [
        one.with_more(further.get(row), weights.get(row))
        for one, row in zip(answers, positions.tolist(), strict=True)
    ]
    return Why(again.past, answers, notes, len(data))


def _candidate(again: RunAgain, number: int) -> int:
    """Position of a row by its number, or why it could not be picked."""
    position = again.position(number)
    if position is None:
        raise unrepresented_row(again.data, number)
    return position


def _unspent(positions: IntArray, reasons: Sequence[Reason | None]) -> IntArray:
    """Rows left out that could still be picked."""
    left = [isinstance(one, LeftByGain) and not one.spent for one in reasons]
    return positions[np.array(left, bool)]


def _answer(again: RunAgain, row: int, reason: Reason | None) -> Answer:
    """What can be told of one row from the run's own picks."""
    choice, places = again.choice, Places(again)
    ranks = np.flatnonzero(choice.picks == row)
    rank = int(ranks[0]) + 1 if len(ranks) else None
    near = nearest_pick(choice, row, None if rank is None else rank - 1)
    given = nearest_given(choice, row)
    standing = None if rank is None else stands_for(choice, rank)
    return Answer.of(
        places,
        row,
        rank=rank,
        quality=_quality(again, row),
        reason=reason,
        nearest=near,
        nearest_given=given,
        stands_for=standing,
    )


def _quality(again: RunAgain, row: int) -> QualityPlace | None:
    """A row's quality and how many rows it is better than."""
    log_quality, values = again.quality.log_quality, again.quality.values
    settings = again.quality.settings
    if log_quality is None or values is None or settings is None:
        return None
    better = float((log_quality < log_quality[row]).mean())
    return QualityPlace(str(settings["name"]), float(values[row]), better)


def _further(
    again: RunAgain,
    explainer: Explainer,
    left: IntArray,
    asked: Asked,
    notes: list[str],
    watcher: Watcher,
) -> dict[int, Further]:
    """Ranks of rows left out, were the selection to go on to twice its picks."""
    choice = again.choice
    if not len(left) or not isinstance(explainer, Explained):
        return {}
    n, d = choice.candidates.X.shape
    k = len(choice.picks)
    limit = min(2 * k, n)
    needed = Footprint.of(n, limit, d, choice.how.dtype, choice.given_count).in_memory
    available = available_bytes()
    if needed > available:
        notes.append(
            f"The rank beyond the picks is not told: going on to {limit:,} picks would take "
            f"{needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are available."
        )
        return {}
    seconds = _seconds(choice, limit)
    if seconds > PATIENT and not asked.further:
        notes.append(f"For the rank beyond the picks add --further: about {duration(seconds)}.")
        return {}
    ranks = explainer.ranks_if_continued(left, limit - k, watcher)
    return {row: Further(limit, rank) for row, rank in zip(left.tolist(), ranks, strict=True)}


def _weights(
    again: RunAgain, left: IntArray, asked: Asked, notes: list[str], watcher: Watcher
) -> dict[int, OtherWeight]:
    """The first lambda at which each row left out would be picked."""
    choice = again.choice
    if not len(left) or choice.how.method != "dpp" or choice.candidates.log_quality is None:
        if asked.weights is not None:
            notes.append("No lambda was tried: that needs a row left out of a run with a quality.")
        return {}
    weights = number_grid(WEIGHTS, "--lambdas") if asked.weights is None else asked.weights
    if asked.weights is None:
        one = _seconds(choice, len(choice.picks))
        if one > QUICK:
            notes.append(
                "To learn which lambda would pick a row add --lambdas 0:1:0.1: "
                f"about {duration(one)} for each, the nearest to the run's first."
            )
            return {}
    found = first_weights(choice, left, weights, watcher)
    own = choice.how.quality_weight
    return {
        row: OtherWeight(own, weights, weight)
        for row, weight in zip(left.tolist(), found, strict=True)
    }


def _seconds(choice: FinishedChoice, k: int) -> float:
    """About how long a selection of k rows takes; what is quick anywhere is not measured."""
    n, d = choice.candidates.X.shape
    given = choice.given_count
    if n * (k + given) * (k + given + 2 * d) < SMALL:
        return 0.0
    return greedy_seconds(n, k, d, choice.how.dtype, given)
