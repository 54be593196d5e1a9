"""Values of a row as text and as lists, and what to say of those that are neither."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


class RowError(ValueError):
    """This row cannot be read; the message says which field and why.

    `fix` is what to do, where mending the row is not it.
    """

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.fix = fix


def text_of(value: Any, place: str) -> str:
    """A value as text: strings as they are, null as nothing, numbers as written."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and (isinstance(value, int) or math.isfinite(value)):
        return str(value)
    raise RowError(f"{place} is {kind_of(value)}, expected text")


def field_text(row: Row, field: str) -> str:
    """Text of a field; nothing where it is missing or null."""
    return text_of(row.get(field), f"field {field!r}")


def list_of(value: Any, place: str) -> list[Any]:
    """A list, or the list that a text spells out in JSON, as columns of tables hold it."""
    if isinstance(value, list):
        return value
    parsed = parsed_json(value)
    if isinstance(parsed, list):
        return parsed
    is_odd = isinstance(value, str) and value.lstrip()[:1] == "["
    more = " (it starts like a list, but is not JSON)" if is_odd else ""
    fix = "pandas writes lists into CSV so that nothing reads them: write Parquet or JSON Lines, "
    fix += 'with pandas to_json("rows.jsonl", orient="records", lines=True)'
    raise RowError(f"{place} is {kind_of(value)}, expected a list{more}", fix if is_odd else "")


def parsed_json(value: Any) -> Any:
    """The list or object that a text spells out in JSON, or None."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def written(value: Any) -> str:
    """A value that is no text, as JSON."""
    try:
        return (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
    except RecursionError:
        raise RowError("nested too deeply") from None


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinite"
    names = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    if isinstance(value, (int, float)):
        return names.get(type(value), "a number")
    # A table may hold what JSON does not: bytes, a date.
    return names.get(type(value), "text" if isinstance(value, str) else type(value).__name__)
