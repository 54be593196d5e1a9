"""How many picks may and must be of each group: shares of sources, or of a column's values.

A group is closed to further picks once it holds as many as it may, or once every pick left is owed
to groups that hold fewer than they must. A closed group never opens again, so that a choice under
quotas is greedy over what is still allowed, and engines may pass over closed rows for good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray

Groups = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Quotas:
    """Bounds on the picks of each of v groups.

    Attributes
    ----------
    groups : (N,) int64
        Group of each row, from 0.
    least, most : (v,) int64
        Picks that must and may be of each, among `k`.
    k : int
        Picks in all.
    names : tuple of str
        Of the groups, for messages.
    """

    groups: IntArray
    least: IntArray
    most: IntArray
    k: int
    names: tuple[str, ...] = ()

    def ledger(self, picks: IntArray | None = None) -> Ledger:
        """Where the quotas stand after these picks."""
        counts = np.zeros(len(self.least), np.int64)
        if picks is not None:
            counts += np.bincount(self.groups[picks], minlength=len(counts))
        return Ledger(self, counts)

    def of(self, rows: IntArray, picked: IntArray) -> Quotas:
        """The same for some of the rows, after picks of others."""
        counts = np.bincount(self.groups[picked], minlength=len(self.least))
        least, most = np.maximum(self.least - counts, 0), np.maximum(self.most - counts, 0)
        return Quotas(self.groups[rows], least, most, self.k - len(picked), self.names)


@dataclass
class Ledger:
    """Picks of each group so far."""

    quotas: Quotas
    counts: IntArray

    def copy(self) -> Ledger:
        """One that goes its own way."""
        return Ledger(self.quotas, self.counts.copy())

    def open(self) -> Groups:
        """Which groups a further pick may be of; (v,)."""
        quotas, counts = self.quotas, self.counts
        owed = np.maximum(quotas.least - counts, 0)
        may = counts < quotas.most
        if owed.sum() >= quotas.k - counts.sum():  # every pick left is owed
            may &= owed > 0
        return may

    def take(self, rows: IntArray | int) -> None:
        """Count picks."""
        groups = np.atleast_1d(self.quotas.groups[rows])
        self.counts += np.bincount(groups, minlength=len(self.counts))

    def shut(self) -> npt.NDArray[np.bool_]:
        """Which rows may not be picked any more; (N,)."""
        return ~self.open()[self.quotas.groups]

    @property
    def lacking(self) -> list[str]:
        """Groups that hold fewer picks than they must."""
        quotas = self.quotas
        return [quotas.names[group] for group in np.flatnonzero(self.counts < quotas.least)]
