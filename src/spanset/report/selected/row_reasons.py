"""Why rows of the page were picked or left out, in the words of `spanset why`."""

from __future__ import annotations

import numpy as np

from spanset.base.array_types import IntArray
from spanset.data.dataset import Dataset
from spanset.report.parts.mapped_rows import MappedRows
from spanset.runs.reason_words import said_of
from spanset.selectors.dpp_reasons import LeftByGain
from spanset.selectors.finished_choice import FinishedChoice
from spanset.selectors.reasons import Reason, explainer_of

MOST_PICKS = 3000  # that are explained: a factor of more takes minutes
MOST_LEFT = 1000  # rows left out that are: those nearest to a pick


def row_reasons(choice: FinishedChoice, data: Dataset, shown: MappedRows) -> list[str]:
    """A sentence or more for every row that is shown; empty where nothing is said.

    Said are the first picks, and of the rows left out those that are nearest to a pick. What the
    greedy selection leaves of a row depends on all picks: where there are too many to factor, rows
    left out are told by their nearest pick alone; nothing is said beside as many given rows.
    """
    picks = len(choice.picks)
    has_factor = choice.how.method == "dpp"
    if has_factor and choice.given_count > MOST_PICKS:
        return [""] * len(shown.rows)
    own = np.flatnonzero((shown.ranks > 0) & (shown.ranks <= MOST_PICKS))
    left = np.arange(shown.picks, len(shown.rows))
    if has_factor and picks > MOST_PICKS:
        choice, left = choice.first(MOST_PICKS), left[:0]
    elif len(left) > MOST_LEFT:
        nearest_first = np.argsort(-shown.cosine[left], kind="stable")
        left = np.sort(left[nearest_first[:MOST_LEFT]])
    places = np.concatenate([own, left])
    found = explainer_of(choice).reasons(shown.rows[places])
    told = [""] * len(shown.rows)
    for place, reason in zip(places.tolist(), found, strict=True):
        row = int(shown.rows[place])
        told[place] = _sentences(
            reason,
            is_picked=place < shown.picks,
            picks=picks,
            is_same_text=_is_same(data, row, reason, choice.picks),
        )
    return told


def _sentences(reason: Reason | None, *, is_picked: bool, picks: int, is_same_text: bool) -> str:
    """What is said of a row, one thing after another."""
    parts = ""
    for one in said_of(reason, is_picked=is_picked, picks=picks, is_same_text=is_same_text):
        if one.name:
            name = one.name[0].upper() + one.name[1:]
            parts += f"{'. ' if parts else ''}{name}: {one.words}"
        else:
            parts += f"; {one.words}"
    return f"{parts}." if parts else ""


def _is_same(data: Dataset, row: int, reason: Reason | None, picks: IntArray) -> bool:
    """Whether a row says the same as the pick that it repeats."""
    if not isinstance(reason, LeftByGain) or reason.copy_of is None or not reason.copy_of.rank:
        return False
    other = int(picks[reason.copy_of.rank - 1])
    return bool((data.digests[row] == data.digests[other]).all())
