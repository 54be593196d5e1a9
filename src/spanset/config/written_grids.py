"""A grid written as flags in one text: what --also takes."""

from __future__ import annotations

import shlex
from typing import Any

from spanset.base.errors import UsageError
from spanset.config.grid_settings import GridConfig

FIELDS = {
    "--method": "method",
    "--features": "features",
    "--quality": "quality",
    "--lambda": "quality_weight",
    "--kernel": "kernel",
    "--gamma": "gamma",
}


def written_grid(text: str) -> GridConfig:
    """The grid that a text such as ``--method target --features hidden`` names.

    Raises
    ------
    UsageError
        A flag that is none of a grid, is there twice, or has no value.
    """
    where = f"--also {text!r}"
    example = f"give flags of the grid: {', '.join(FIELDS)}"
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError("it cannot be read", where=where, why=str(error), fix=example) from error
    values: dict[str, Any] = {}
    flags = iter(words)
    for word in flags:
        flag, mark, value = word.partition("=")
        name = FIELDS.get(flag)
        if name is None:
            raise UsageError(f"{word!r} is no flag of a grid", where=where, fix=example)
        if name in values:
            raise UsageError(f"{flag} is there twice", where=where, fix="join values by commas")
        value = value if mark else next(flags, "")
        if not value or value.startswith("--"):
            raise UsageError(f"{flag} has no value", where=where, fix=example)
        values[name] = value if name == "quality_weight" else (value,)
    if not values:
        raise UsageError("it is empty", where=where, fix=example)
    return GridConfig(**values)
