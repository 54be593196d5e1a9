"""``--config FILE``: settings from a TOML file, with errors in our own words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cyclopts.config import Toml

from spanset.base.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

COMMANDS = ("select", "compare", "trial", "measure", "features", "merge", "show", "why", "cache")
# Settings that take a list, and those that do so in a command alone.
MANY = ("data", "k", "by", "metrics", "subset", "columns", "avoid")
GRID = ("method", "quality", "features", "kernel", "gamma", "also")
MANY_OF = {
    "select": ("share", "prefer"),
    "compare": GRID,
    "trial": (*GRID, "eval", "questions", "task", "candidate"),
}


def take_config(words: list[str]) -> tuple[list[str], tuple[Toml, ...]]:
    """Take ``--config FILE`` out of the words; flags then override what the file says."""
    for place, word in enumerate(words):
        name, mark, value = word.partition("=")
        if word == "--":
            break
        if name != "--config":
            continue
        if not mark and place + 1 == len(words):
            raise UsageError("no file is named", where="--config", fix="--config run.toml")
        path = value if mark else words[place + 1]
        rest = words[:place] + words[place + (1 if mark else 2) :]
        if not path:
            raise UsageError("no file is named", where="--config", fix="--config run.toml")
        check_config(path)
        return rest, (Toml(path, must_exist=True),)
    return words, ()


def read_toml(path: str) -> dict[str, Any]:
    """The file's tables, or an error in our own words."""
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError) as error:
        raise UsageError(
            "the configuration cannot be read",
            where=path,
            why=str(error),
            fix="give a TOML file such as a run folder's config.toml",
        ) from error


def check_config(path: str) -> None:
    """Refuse a file whose sections are no commands', or that has lists for single values."""
    table = read_toml(path)
    unknown = [name for name in table if name not in COMMANDS]
    if unknown:
        raise UsageError(
            f"unknown section or key {unknown[0]!r}",
            where=path,
            fix="put the settings under the command's name, such as [select]",
        )
    for command, settings in table.items():
        many = (*MANY, *MANY_OF.get(command, ()))
        for key, value in settings.items() if isinstance(settings, dict) else ():
            # Cyclopts 4 takes a list for a number; its later versions refuse it themselves.
            if isinstance(value, (list, dict)) and key not in many:
                raise UsageError(
                    "one value is expected", where=key, why=f"{path} has {value!r}", fix="give one"
                )
