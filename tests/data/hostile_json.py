"""JSON objects that are valid, and as awkward as the grammar allows; as text, not as values."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import strategies as st

BLANKS = ["", "", "", " ", "\t", "  ", " " * 40]  # longer than what a reader may look ahead
LINE_BREAKS = ["\n", "\r\n", "\r", " \n\t ", "\n\n"]

# A reader that converts every integer fails on the last two: Python's limit is 4300 digits.
_NUMBERS = ["0", "-0", "-1", "1.0", "1E+2", "-1.50e-3", "1e999", "12345678901234567890123"]
_NUMBERS += ["NaN", "Infinity", "-Infinity", "9" * 4301, "-" + "8" * 5000]
_LITERALS = ["true", "false", "null", *_NUMBERS]
_PIECES = [r"\n", r"\"", r"\\", r"\/", r"\u00e9", r"\ud83d\ude00", r"\ud800", r"\udfff"]
_PIECES += ["\u2028", "\x85", "\x7f", "\ufeff", "{", "}", "[", "]", ",", ":", "é", "漢", "😀", "  "]

_characters = st.characters(codec="utf-8", min_codepoint=32, exclude_characters='"\\')
_strings = st.lists(st.sampled_from(_PIECES) | _characters, max_size=5).map(
    lambda pieces: '"' + "".join(pieces) + '"'
)
_keys = st.sampled_from(['"a"', '"b"']) | _strings  # few names, so that keys repeat
_scalars = st.one_of(st.sampled_from(_LITERALS), st.integers().map(str), _strings)


def objects(*, line_breaks: bool) -> st.SearchStrategy[str]:
    """Texts of JSON objects, with or without line breaks between their tokens."""
    blank = st.sampled_from(BLANKS + (LINE_BREAKS if line_breaks else []))

    def lists_of(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        item = st.tuples(blank, value, blank).map("".join)
        return st.lists(item, max_size=3).map(lambda items: "[" + ",".join(items) + "]")

    def objects_of(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        member = st.tuples(blank, _keys, blank, st.just(":"), blank, value, blank).map("".join)
        return st.lists(member, max_size=4).map(lambda members: "{" + ",".join(members) + "}")

    value = st.recursive(_scalars, lambda inner: lists_of(inner) | objects_of(inner), max_leaves=5)
    return objects_of(value)


def value_of(text: str | bytes) -> str:
    """What the standard library reads, comparable though NaN is no equal of itself."""
    digits = {"parse_int": lambda digits: digits if len(digits) > 4300 else int(digits)}
    return repr(json.loads(text, **digits))


def squeezed(text: str | bytes) -> str:
    """The text without blanks between its tokens: all that may not change when it is folded."""
    text = text if isinstance(text, str) else text.decode()
    pieces = re.split(r'("(?:\\.|[^"\\])*")', text)  # strings at the odd places
    return "".join(
        piece if place % 2 else re.sub(r"[ \t\r\n]", "", piece)
        for place, piece in enumerate(pieces)
    )


def spans_of_array(text: str) -> list[tuple[int, int]]:
    """First and last place of every value of a JSON array, found with the standard library."""
    decoder, spans = json.JSONDecoder(), []
    place = _skipped(text, text.index("[") + 1)
    while text[place] != "]":
        _, end = decoder.raw_decode(text, place)
        spans.append((place, end))
        place = _skipped(text, end)
        if text[place] == ",":
            place = _skipped(text, place + 1)
    return spans


def _skipped(text: str, place: int) -> int:
    found: Any = re.compile(r"[ \t\r\n]*").match(text, place)
    return found.end()
