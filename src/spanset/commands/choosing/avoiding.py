"""Rows that are left out of what there is to choose from: near evaluation data, copies of a target.

What is too near to rows of ``--avoid`` goes by words and by a cosine; copies of the target go by
words, and by the cosine from which features of their kind tell copies, of other kinds exact ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.stages import Watcher
from spanset.commands.choosing.other_rows import Array, OtherRows
from spanset.commands.choosing.pool import Beside, Pool, positions_kept
from spanset.selectors.contamination import EXACT, THRESHOLDS, Contact, contacts, near_features
from spanset.selectors.dedup import THRESHOLD as COPY


class _Features(NamedTuple):
    """Unit rows (m, d) of others, which of them they are of (m,), and the cosine that is too near.

    A threshold of None: words alone tell, and no features are needed.
    """

    X: Array
    places: IntArray
    threshold: float | None


def less_avoided(pool: Pool, beside: Beside, avoid_at: float | None, watcher: Watcher) -> Pool:
    """The pool less rows too near to evaluation data, and less copies of the target."""
    kind = pool.fitted.settings()["kind"]
    near = THRESHOLDS.get(kind) if avoid_at is None else avoid_at
    if beside.avoid is not None:
        features, places = pool.made.X[:0], np.arange(0)
        if near is not None:  # words alone need none: a prompt without an answer has no gradient
            features, places = beside.avoid.represented(pool.fitted, pool.made.X.shape[1])
        found = _Features(features, places, near)
        pool = _without(pool, beside.avoid, found, "near", "a higher --avoid-at")
        if near is None and beside.avoid.rows is not None:
            watcher.note(
                f"--avoid: by words alone, as {kind} features have no cosine that means the "
                "same; --avoid-at gives one"
            )
    if beside.target is not None and pool.target is not None:
        copies = COPY if kind in THRESHOLDS else EXACT
        found = _Features(pool.target, pool.target_rows, copies)
        pool = _without(pool, beside.target, found, "a copy of", "another target")
    return replace(pool, kept=positions_kept(pool.made.data, beside.keep))


def require_avoidable(avoid: OtherRows | None, avoid_at: float | None) -> None:
    """Refuse an array to be avoided without the cosine from which a row is too near."""
    if avoid is not None and avoid.rows is None and avoid_at is None:
        raise UsageError(
            "an array has no words to look for",
            where=avoid.where,
            fix="add --avoid-at, the cosine from which a row is too near; or give rows",
        )


def _without(pool: Pool, others: OtherRows, of: _Features, what: str, instead: str) -> Pool:
    """The pool less rows too near to others, each listed with the one that it is near to."""
    X = pool.made.X
    if others.rows is not None:
        found = contacts(pool.made.data, X, others.rows, of.X, of.threshold, of.places)
    else:  # an array: nothing but features to go by
        found = near_features(X, of.X, of.threshold) if of.threshold is not None else []
    if not found:
        return pool
    reasons = [_reason(one, others, what) for one in found]
    if len(found) == len(X):
        raise every_row_is(what, others, reasons[0], instead)
    out = np.array([one.row for one in found], np.int64)
    return pool.less(out, reasons)


def every_row_is(what: str, others: OtherRows, first: str, instead: str) -> DataError:
    """Error where nothing is left."""
    return DataError(
        f"every row is {what} a row of it",
        where=others.where,
        why=f"the first: {first}",
        fix=f"give other data, or {instead}",
    )


def _reason(contact: Contact, others: OtherRows, what: str) -> str:
    return f"{what} {others.place(contact.other)}: {contact.how}"
