"""From characters of a rendered text to the tokens that are supervised.

Done here and not by transformers' assistant mask: that mask loses every later turn when a turn
starts with a space that the tokenizer's offsets leave out, runs to the row's end when one ends so,
and drops the last bytes of a character that is split over tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Span = tuple[int, int]  # characters of a text, end excluded


class Tokens(NamedTuple):
    """The tokens of a text; arrays of length T."""

    text: str
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]  # never decreasing
    is_special: npt.NDArray[np.bool_]


class Piece(NamedTuple):
    """Text of neighbouring tokens that are supervised alike."""

    text: str
    supervised: bool


def locate(text: str, offsets: Sequence[Span], is_special: npt.NDArray[np.bool_]) -> Tokens:
    """Tokens with the characters they stand for.

    Byte-level tokenizers leave spaces out of the offsets, so that a token of nothing but spaces has
    no characters: it is given those since the token before it. A token that still has none stands
    for something that the tokenizer put in.
    """
    pairs = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    starts, ends = pairs[:, 0], pairs[:, 1]
    before = np.concatenate([[0], ends[:-1]])
    starts = np.where(starts < ends, starts, np.minimum(starts, before))
    return Tokens(text, starts, ends, is_special)


def inside(tokens: Tokens, span: Span) -> npt.NDArray[np.bool_]:
    """Tokens that hold a character of the span, or were put in before one; (T,) bool."""
    start, end = span
    starts, ends = tokens.starts, tokens.ends
    if start == end:
        return np.zeros(len(ends), dtype=bool)
    return np.where(
        starts < ends, (starts < end) & (ends > start), (starts >= start) & (starts < end)
    )


def cut_after_end_of_turn(tokens: Tokens, part: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """`part` up to its last special token if only white space follows, which no model writes.

    Where no special token ends the part, white space does, and stays.
    """
    closing = _closing(tokens, np.flatnonzero(part))
    if closing is None:
        return part
    part = part.copy()
    part[closing + 1 :] = False
    return part


def end_of_turn_after(tokens: Tokens, span: Span, part: npt.NDArray[np.bool_]) -> int | None:
    """The special token that directly follows `part`, which itself does not end with one."""
    places = np.flatnonzero(part)
    if _closing(tokens, places) is not None:
        return None
    after = int(places[-1]) + 1 if len(places) else int(np.searchsorted(tokens.starts, span[1]))
    return after if after < len(tokens.ends) and tokens.is_special[after] else None


def _closing(tokens: Tokens, places: npt.NDArray[np.int64]) -> int | None:
    """Last of the tokens at `places`, white space aside, if it is a special token."""
    for place in reversed(places.tolist()):
        if tokens.is_special[place]:
            return place
        if tokens.text[tokens.starts[place] : tokens.ends[place]].strip():
            return None
    return None


def pieces(
    text: str, ends: npt.NDArray[np.int64], supervised: npt.NDArray[np.bool_]
) -> list[Piece]:
    """The text up to the last of the tokens, in runs that are supervised alike.

    A character that is split over tokens belongs to the first of them.
    """
    changes = np.flatnonzero(supervised[1:] != supervised[:-1]) + 1
    bounds = [0, *changes.tolist(), len(supervised)]
    found = []
    for first, stop in pairwise(bounds):
        start = int(ends[first - 1]) if first else 0
        if stop > first:
            found.append(Piece(text[start : int(ends[stop - 1])], bool(supervised[first])))
    return found
