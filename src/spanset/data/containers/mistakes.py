"""What a file probably is whose first row cannot be read: leaving rows out is no help there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from spanset.data.containers.json_text import JsonSource
from spanset.data.containers.scanning import BLANK, BOM, RawRow
from spanset.data.containers.sources import Source

LOOKED_AT = 1 << 20  # bytes in which a value over several lines is sought

ENCODING = (
    "convert the file to UTF-8, for example: iconv -f WINDOWS-1252 -t UTF-8 IN > OUT (after -f, "
    "the encoding that it is in)"
)
OBJECTS = "the file is objects over several lines each: put one on a line with jq -c . IN > OUT"
PYTHON = (
    "the file is Python's own way to write values, not JSON: write it again with json.dumps, or "
    'pandas: to_json("rows.jsonl", orient="records", lines=True)'
)
COLUMNS = (
    "the file is columns, not rows: write it again, with pandas: "
    'read_json(IN).to_json("rows.jsonl", orient="records", lines=True)'
)


def advice_for(source: Source, raw: RawRow) -> str:
    """What to do with a file whose first row cannot be read; nothing where no mistake is known."""
    if raw.error.startswith("not UTF-8"):
        return ENCODING
    if isinstance(raw.value, dict):
        return _of_value(raw.value)
    if raw.error and isinstance(source, JsonSource):
        return _of_text(source, raw)
    return ""


def _of_value(row: Mapping[str, Any]) -> str:
    """Advice for a row that holds the whole file."""
    values = list(row.values())
    wrapped = [name for name, value in row.items() if _are_rows(value)]
    if len(wrapped) == 1 and not any(isinstance(v, str) and len(v) > 200 for v in values):
        name = json.dumps(wrapped[0])
        return f"the rows are inside {name}: take them out with jq -c '.[{name}][]' IN > OUT"
    if len(values) < 2:
        return ""
    for kind in (list, dict):
        if all(isinstance(value, kind) for value in values):
            sizes = {len(value) for value in values}
            return COLUMNS if len(sizes) == 1 and sizes != {0} else ""
    return ""


def _are_rows(value: Any) -> bool:
    """Whether a value is a list of objects with fields of their own, that are no messages."""
    speakers = ("role", "from")
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one for one in value)
        and not any(name in one for one in value for name in speakers)
    )


def _of_text(source: JsonSource, raw: RawRow) -> str:
    """Advice for text that is no JSON on its first line."""
    text = source.content[raw.start : raw.start + LOOKED_AT].decode("utf-8", errors="replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        after = text[1:].lstrip(BLANK.decode() + BOM.decode("utf-8"))
        return PYTHON if after[:1] == "'" else ""
    if isinstance(value, dict) and "\n" in text[:end]:
        return _of_value(value) if not text[end:].strip() and _of_value(value) else OBJECTS
    return ""
