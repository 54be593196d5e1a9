"""Units of meaning from a tokenizer's tokens: tokens, but characters where it spells them in bytes.

A tokenizer made for English writes most of the world's scripts byte by byte, and a table of static
embeddings has one vector for each of 256 bytes, which say nothing: Chinese would collapse. Such
runs of bytes are joined to characters again, and every character gets a vector of its own: random
signs, a function of the character alone. Rows that share characters are then near each other, as
rows are that share words.

    ids of tokens  ->  units: a token's id, or CHARACTERS + the bytes of a character as one number

Tokens are those of the words, each cut as if it stood alone, with a sign for each end of a line
between them: a word means the same at the start of a line, and is cut once however often it occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.encodable import encodable
from spanset.models.static_tables import StaticTable
from spanset.sketches.hashing import hash64, labelled

CHARACTERS = 1 << 40  # units from here on are characters
FIRST_OF_SEVERAL = 0x80  # bytes from here on are parts of a character
CONTINUES = 0xC0  # parts below this go on with one

KEPT_WORDS = 2**18  # whose units are remembered; then all are forgotten. About 100 MB
KEPT_UNITS = 2**22

END_OF_LINE = "\n"


class Numbered(dict[str, int]):
    """Words by their numbers, in the order in which they were first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[str] = []

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        self._new.append(word)
        return number

    def taken(self) -> list[str]:
        """The words that are new since this was last asked for."""
        new, self._new = self._new, []
        return new


class UnitCutter:
    """Cuts texts into units by one table's tokenizer; what it remembers changes only the time."""

    def __init__(self, table: StaticTable) -> None:
        self._table = table
        self._lock = Lock()
        self._forget()

    def cut(self, texts: Iterable[str]) -> tuple[IntArray, IntArray]:
        """Units of all texts, one after the other, (u,); how many each has, (n,)."""
        words = [_words(text) for text in texts]
        every = list(chain.from_iterable(words))
        with self._lock:
            if len(self._numbers) > KEPT_WORDS or len(self._units) > KEPT_UNITS:
                self._forget()
            numbers = np.fromiter(map(self._numbers.__getitem__, every), np.int64, len(every))
            self._learn(self._numbers.taken())
            ends, units = self._ends, self._units
        starts, lengths = ends[numbers], ends[numbers + 1] - ends[numbers]
        total = np.concatenate([[0], np.cumsum(lengths)])
        # Where each word's units are: counted on from its first, in the order of the text.
        places = np.arange(total[-1]) + np.repeat(starts - total[:-1], lengths)
        of_texts = total[np.cumsum([0, *map(len, words)])]
        return units[places], np.diff(of_texts)

    def _learn(self, new: Sequence[str]) -> None:
        """Units of the words that were not met before, in the order of their numbers."""
        if not new:
            return
        try:
            ids = self._table.tokens(new)
        except BaseException:
            self._forget()  # they have numbers, and no units
            raise
        tokens = np.fromiter(chain.from_iterable(ids), np.int64)
        after = np.cumsum([len(one) for one in ids])
        units, starts = units_of(tokens, self._table.byte_tokens, after)
        ends = np.searchsorted(starts, after)
        self._ends = np.concatenate([self._ends, self._ends[-1] + ends])
        self._units = np.concatenate([self._units, units])

    def _forget(self) -> None:
        self._numbers = Numbered()
        self._ends = np.zeros(1, np.int64)
        self._units = np.zeros(0, np.int64)


def units_of(
    tokens: IntArray, byte_tokens: npt.NDArray[np.int16], ends: IntArray
) -> tuple[IntArray, IntArray]:
    """Units of words' tokens, and the place of each one's first; both (u,) int64.

    Parameters
    ----------
    tokens : (t,) int64
        Numbers of tokens, of one word after the other.
    byte_tokens : (V,) int16
        The byte that a token stands for, else -1.
    ends : (w,) int64
        Where each word ends.
    """
    bytes_ = byte_tokens[tokens].astype(np.int64)
    is_part = bytes_ >= FIRST_OF_SEVERAL
    if not is_part.any():
        return tokens, np.arange(len(tokens))
    goes_on = is_part & (bytes_ < CONTINUES)
    # The rest of a character stands alone where none began: some read "<0x80>" as a byte.
    goes_on[1:] &= is_part[:-1]
    goes_on[0] = False
    goes_on[ends[ends < len(tokens)]] = False
    starts = np.flatnonzero(~goes_on)
    place = np.arange(len(tokens)) - np.repeat(starts, np.diff(np.append(starts, len(tokens))))
    # Up to four bytes a character, one after the other as the digits of a number.
    digits = np.where(is_part, bytes_ + 1, 0) << np.minimum(9 * place, 27)
    joined = np.add.reduceat(digits, starts)
    return np.where(is_part[starts], CHARACTERS + joined, tokens[starts]), starts


def character_vectors(units: IntArray, d: int, length: float) -> npt.NDArray[np.float32]:
    """Vectors of characters, (u, d): random signs of a common length, a function of each alone."""
    words = -(-d // 64)
    places = np.arange(words, dtype=np.uint64)
    counters = units[:, None].astype(np.uint64) * np.uint64(words) + places
    hashed: npt.NDArray[Any] = hash64(labelled(0, "characters"), counters).astype("<u8")
    bits = hashed.view(np.uint8).reshape(len(units), 8 * words)
    signs = np.unpackbits(bits, axis=1, count=d, bitorder="little")
    return (2.0 * signs.astype(np.float32) - 1.0) * np.float32(length / np.sqrt(d))


def _words(text: str) -> list[str]:
    """Words of a text, with a sign for the end of a line between those of its lines."""
    words: list[str] = []
    for line in encodable(text).splitlines():
        own = line.split()
        if own and words:
            words.append(END_OF_LINE)
        words += own
    return words
