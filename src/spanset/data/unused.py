"""Fields that a format does not read: what a conversation, and `--to messages`, leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spanset.data.formats.registry import BESIDE_TURNS
from spanset.data.formats.texts import parsed_json
from spanset.data.rows import Rows

LOOKED_AT = 20  # rows of an input
DEEPEST = 4  # lists and objects inside each other that are looked into


def unused_fields(data: Rows) -> dict[str, list[str]]:
    """For each input, by name, the fields with text that is no part of its first rows' turns."""
    found: dict[str, list[str]] = {}
    for number, source in enumerate(data.sources):
        positions = np.flatnonzero(data.source == number)[:LOOKED_AT].tolist()
        unused = {name for position in positions for name in _unused(data, position)}
        if unused:
            fields = (name for position in positions for name in data.row(position))
            found[source.name] = [name for name in dict.fromkeys(fields) if name in unused]
    return found


def _unused(data: Rows, position: int) -> Iterator[str]:
    """Fields of a row that hold more than a word, none of which is in its conversation."""
    format, row = data.formats[int(data.source[position])], data.row(position)
    read = {name for way in format.ways for name in way}
    said = data.conversation(position).text
    for name, value in row.items():
        if name not in read and name not in BESIDE_TURNS:
            longest = max(_texts(value), key=len, default="")
            if len(longest.split()) > 1 and longest not in said:
                yield name


def _texts(value: Any, depth: int = 1) -> Iterator[str]:
    """Texts that a value holds, as itself, in lists and objects, or spelled out in JSON."""
    if isinstance(value, str):
        parsed = parsed_json(value)
        if parsed is None:
            yield value.strip()
        else:
            yield from _texts(parsed, depth)
    elif isinstance(value, (dict, list)) and depth < DEEPEST:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner, depth + 1)
