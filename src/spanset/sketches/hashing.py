"""Counter-based hashing: random signs and positions as a function of (seed, counter).

The same numbers on every machine, in any order, without a stream to keep: what a stored projection
needs. The mixer is SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def hash64(seed: int, counters: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """64 well-mixed bits for each counter under a seed; wraps modulo 2^64."""
    offset = np.uint64((seed * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7) % 2**64)
    z = counters.astype(np.uint64) * _GOLDEN + offset
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def signs(seed: int, label: str, rows: int, columns: int) -> npt.NDArray[np.int8]:
    """Table of random +-1 (rows, columns), a function of seed, label, row and column."""
    words = -(-columns // 64)
    counters = np.arange(rows * words, dtype=np.uint64)
    bits = hash64(labelled(seed, label), counters).astype("<u8").view(np.uint8)
    table = np.unpackbits(bits.reshape(rows, 8 * words), axis=1, count=columns, bitorder="little")
    return (2 * table.astype(np.int8) - 1).astype(np.int8)


def permutation(seed: int, label: str, n: int) -> npt.NDArray[np.int64]:
    """Random order of n things, a function of seed and label."""
    keys = hash64(labelled(seed, label), np.arange(n, dtype=np.uint64))
    return np.argsort(keys, kind="stable")


def labelled(seed: int, label: str) -> int:
    """Seed of one named use, so that no two uses share their random numbers."""
    digest = hashlib.blake2b(f"{seed}:{label}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
