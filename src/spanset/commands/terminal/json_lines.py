"""Records as JSON on one line, for scripts: valid wherever it is written to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from spanset.commands.terminal.panels import stand_in


def json_line(record: Mapping[str, Any], encoding: str) -> str:
    """The record in JSON; numbers that it lacks are null.

    What `encoding` has no letters for, lone surrogates, and what could drive a terminal are
    escapes.
    """
    value = _finite(record)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=stand_in)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, default=stand_in)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
