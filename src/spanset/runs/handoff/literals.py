"""Names from data and from file systems as literals, in every language that stanzas are written in.

No name ends its literal: a file may be called what it likes, and nothing of it is run or read as
syntax. YAML takes JSON strings, but for characters that it does not print or takes for line breaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[a-z][a-z_]*\Z")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def yaml_scalar(value: str | bool | int) -> str:
    """A scalar of YAML, in one line."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def yaml_lines(value: Mapping[str, Any] | list[Any], indent: int = 0) -> Iterator[str]:
    """Lines of nested mappings and lists, in block style; lists of scalars in one line."""
    blank = " " * indent
    if isinstance(value, list):
        for item in value:
            first, *more = yaml_lines(item, indent + 2)
            yield f"{blank}- {first.lstrip()}"
            yield from more
        return
    for key, inner in value.items():
        name = key if _PLAIN_KEY.match(key) else yaml_scalar(key)
        if isinstance(inner, Mapping) or (isinstance(inner, list) and _is_nested(inner)):
            yield f"{blank}{name}:"
            yield from yaml_lines(inner, indent + 2)
        elif isinstance(inner, list):
            yield f"{blank}{name}: [{', '.join(map(yaml_scalar, inner))}]"
        else:
            yield f"{blank}{name}: {yaml_scalar(inner)}"


def _is_nested(values: list[Any]) -> bool:
    return any(isinstance(value, (dict, list)) for value in values)


def markdown(text: str) -> str:
    """Text in one line of Markdown, in a table or out of one, that stands for itself alone."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in text)
    line = _MARKDOWN.sub(r"\\\1", line)
    return "".join(_ENTITIES.get(char, char) for char in line)
