"""How a row is worded: its units and pairs of neighbours, hashed to d numbers.

Every unit, and every two in a row, is a term. Each family of terms counts sublinearly (1 + log of
how often) at unit length, and every term adds to one of d columns with a sign, all by its hash
(Weinberger et al. 2009). Nothing is fitted: a row's numbers depend on the row alone. Inner products
of two rows are those of their full vectors with a standard deviation of about 1 / sqrt(d).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spanset.base.array_types import FloatArray, IntArray
from spanset.sketches.hashing import hash64, labelled

# Of a term's hash: bits that tell terms apart within a row, which scipy counts by; the lowest of
# them name the column, the next the sign.
TERM_BITS = 30


def wording(units: IntArray, pieces: IntArray, rows: IntArray, n: int, d: int) -> FloatArray:
    """Hashed terms of n rows; (n, d) float64, unit rows, zeros where there are no units.

    Parameters
    ----------
    units : (u,) int64
        Of all rows, one after the other.
    pieces, rows : (u,) int64, ascending
        Piece of text and row that a unit stands in: pairs are of one piece.
    d : int
        Columns, a power of two.
    """
    alone = _hashed("unit", units.astype(np.uint64))
    follows = np.flatnonzero(pieces[1:] == pieces[:-1])
    # The first of two is hashed once more: the order of a pair counts.
    pairs = _hashed("pair", _hashed("unit", alone[follows]) ^ alone[follows + 1])
    made = _family(alone, rows, n, d) + _family(pairs, rows[follows], n, d)
    return _unit(made)


def _hashed(use: str, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return hash64(labelled(0, f"wording {use}"), values)


def _family(terms: npt.NDArray[np.uint64], rows: IntArray, n: int, d: int) -> FloatArray:
    """One family of terms: (n, d), as long as its full vectors are on average."""
    starts = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    columns = (terms & np.uint64(2**TERM_BITS - 1)).astype(np.int32)
    counts = sparse.csr_matrix((np.ones(len(terms)), columns, starts), shape=(n, 2**TERM_BITS))
    counts.sum_duplicates()
    values = 1.0 + np.log(counts.data)
    own = np.repeat(np.arange(n), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(own, values**2, n))
    signs = np.where(counts.indices & d, 1.0, -1.0)
    places = own * d + (counts.indices & (d - 1))
    made = np.bincount(places, signs * values / lengths[own], n * d)
    return made.astype(np.float64).reshape(n, d)  # of no terms at all these were integers


def _unit(X: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(lengths > 0.0, lengths, 1.0)
