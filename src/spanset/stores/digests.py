"""Rows found by the digests of their conversations: copies, and places among others."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray


def digest_of(digests: npt.NDArray[np.uint8]) -> str:
    """Digest of rows, by their digests."""
    return hashlib.sha256(digests.tobytes()).hexdigest()


def positions(held: npt.NDArray[np.uint8], wanted: npt.NDArray[np.uint8]) -> IntArray:
    """Where each digest of `wanted` (n, 16) stands in `held` (m, 16), or -1; (n,) int64."""
    if held.shape == wanted.shape and (held == wanted).all():
        return np.arange(len(wanted))
    if not len(held) or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    first, second = _words(held)
    order = np.argsort(first, kind="stable")
    first, second = first[order], second[order]
    head, tail = _words(wanted)
    at = np.searchsorted(first, head)
    found = np.full(len(wanted), -1, np.int64)
    open_rows = np.arange(len(wanted))
    while len(open_rows):  # again only where two digests share their first half
        open_rows = open_rows[at[open_rows] < len(first)]
        open_rows = open_rows[first[at[open_rows]] == head[open_rows]]
        hit = second[at[open_rows]] == tail[open_rows]
        found[open_rows[hit]] = order[at[open_rows[hit]]]
        open_rows = open_rows[~hit]
        at[open_rows] += 1
    return found


def _words(digests: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint64], ...]:
    """The two halves of each digest as numbers."""
    halves = np.ascontiguousarray(digests).view("<u8")
    return halves[:, 0], halves[:, 1]


def first_rows(digests: npt.NDArray[np.uint8]) -> IntArray:
    """For each row the first one with the same digest; (N,)."""
    words = np.ascontiguousarray(digests).view([("a", "<u8"), ("b", "<u8")]).ravel()
    _, first, inverse = np.unique(words, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def is_first(first: IntArray) -> npt.NDArray[np.bool_]:
    """Rows that are the first of their kind."""
    return first == np.arange(len(first))


class Copies:
    """Rows by the first one with the same conversation: found without a look at all rows.

    Parameters
    ----------
    first : (N,) int64
        As `first_rows` gives it.
    """

    def __init__(self, first: IntArray) -> None:
        self._order = np.argsort(first, kind="stable")
        self._first = first[self._order]

    def of(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Every row whose conversation is that of one of `rows`, ascending; which, by position.

        Parameters
        ----------
        rows : (b,) int64
            First rows of their kind.
        """
        start = np.searchsorted(self._first, rows)
        counts = np.searchsorted(self._first, rows, side="right") - start
        of = np.repeat(np.arange(len(rows)), counts)
        # Places start, start + 1 ... of each kind, one kind after the other.
        begins = np.repeat(start - (np.cumsum(counts) - counts), counts)
        members = self._order[begins + np.arange(len(of))]
        ascending = np.argsort(members)
        return members[ascending], of[ascending]
