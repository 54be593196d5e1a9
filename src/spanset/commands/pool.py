"""What there is to choose from: rows with their features and scores, and rows beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.sorted_places import places_in
from spanset.commands.other_rows import OtherRows
from spanset.data.dataset import Dataset
from spanset.features.representations import Representation
from spanset.greedy.factor import NO_ROWS
from spanset.quality.lengths import TokenCounts
from spanset.quality.scored_rows import RowQuality
from spanset.selectors.choosing import Matrix
from spanset.selectors.contamination import Contact, contacts, near_features
from spanset.stores.represented import Represented

NOTHING_COUNTED = TokenCounts(np.zeros(0, np.int64), np.zeros(0, np.int64), "")


@dataclass(frozen=True)
class Beside:
    """Rows beside the data, by their use; None where there are none."""

    given: OtherRows | None = None
    target: OtherRows | None = None
    avoid: OtherRows | None = None
    keep: IntArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True, eq=False)
class Pool:
    """What there is to choose from.

    Attributes
    ----------
    made : Represented
        Features of the rows that can be picked, n.
    fitted : Representation
        What made them.
    rated : RowQuality
        Their quality.
    tokens : TokenCounts
        Their tokens.
    keys : (n, b) uint8
        Equal for rows that are equal in what is compared.
    given, target : (g, d), (t, d) or None
        Features of those rows: as the kernel sees them, and unit rows.
    given_rows : Dataset or None
        The given rows that have features; None where there are none, or only an array.
    beside : (n, e) or None
        Features of another part of the rows.
    kept : (m,) int64
        Positions of rows that have to be picked.
    """

    made: Represented
    fitted: Representation
    rated: RowQuality
    tokens: TokenCounts
    keys: npt.NDArray[np.uint8]
    given: Matrix | None = None
    target: Matrix | None = None
    given_rows: Dataset | None = None
    beside: npt.NDArray[Any] | None = None
    kept: IntArray = field(default_factory=lambda: NO_ROWS)

    def less(self, rows: IntArray, reasons: Sequence[str]) -> Pool:
        """The pool less rows at these positions, ascending, listed as avoided; before scoring."""
        left = np.setdiff1d(np.arange(len(self.made.X)), rows)
        return replace(
            self,
            made=self.made.without(rows, reasons),
            keys=self.keys[left],
            beside=None if self.beside is None else self.beside[left],
        )


def without_near(
    pool: Pool, others: OtherRows, threshold: float | None, what: str, instead: str
) -> Pool:
    """The pool less rows too near to others, each listed with the one that it is near to."""
    rows, X = others.rows, pool.made.X
    features = X[:0]  # words alone need none: a prompt without an answer has no gradient
    if threshold is not None:
        features, rows = others.represented(pool.fitted, X.shape[1])
    if rows is not None:
        found = contacts(pool.made.data, X, rows, features, threshold)
    else:  # an array: nothing but features to go by
        found = near_features(X, features, threshold) if threshold is not None else []
    if not found:
        return pool
    if len(found) == len(pool.made.X):
        raise DataError(
            f"every row is {what} a row of it",
            where=others.where,
            why=f"the first: {_reason(found[0], others, rows, what)}",
            fix=f"give other data, or {instead}",
        )
    out = np.array([one.row for one in found], np.int64)
    return pool.less(out, [_reason(one, others, rows, what) for one in found])


def _reason(contact: Contact, others: OtherRows, rows: Dataset | None, what: str) -> str:
    where = f"{others.paths[0]}, row {contact.other}" if rows is None else rows.where(contact.other)
    return f"{what} {where}: {contact.how}"


def require_rows(data: Dataset, sizes: list[int]) -> None:
    """Refuse more picks than rows that could be represented."""
    if not sizes or sizes[-1] <= len(data):
        return
    what, left_out, more = "could be represented", data.unrepresented, ", or raise --max-length"
    if data.avoided:
        what, left_out, more = "can be picked", (*data.avoided, *data.unrepresented), ""
    raise DataError(
        f"{sizes[-1]:,} rows are wanted, only {len(data):,} {what}",
        where="-k",
        why=f"{len(left_out):,} rows were left out, the first: {left_out[0].reason}",
        fix=f"give -k {len(data)} or less{more}",
    )


def positions_kept(data: Dataset, ids: IntArray) -> IntArray:
    """Positions of rows that have to be picked, by their numbers."""
    places, is_there = places_in(data.ids, ids)
    if not is_there.all():
        number = int(ids[np.argmin(is_there)])
        left_out = (*data.bad, *data.empty, *data.unrepresented, *data.avoided)
        reasons = [row.reason for row in left_out if row.row == number]
        raise DataError(
            f"row {number} has to be kept and cannot be picked",
            where="--keep",
            why=reasons[0] if reasons else f"the data have {data.total:,} rows, from number 0",
            fix="take it out of the file, or name the data that the numbers are of",
        )
    return places.astype(np.int64)


def precedence_of(data: Dataset, prefer: tuple[str, ...]) -> IntArray | None:
    """Rows of inputs that are named first go before; None where none is named."""
    wanted = [piece for text in prefer for piece in text.split(",") if piece]
    if not wanted:
        return None
    names = [source.name for source in data.sources]
    for name in wanted:
        if name not in names:
            raise UsageError(
                f"no input {name!r}",
                where="--prefer",
                why=f"there are {', '.join(names)}",
                fix="name inputs as they are given",
            )
    ranks = [wanted.index(name) if name in wanted else len(wanted) for name in names]
    return np.array(ranks, np.int64)[data.source]
