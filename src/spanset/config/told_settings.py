"""Settings as a command line: those that are not the usual ones, by their flags."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from spanset.base.errors import printable

# What changes nothing of what is told: where it goes, how fast, and whether it is done at once.
UNTOLD = (
    "out",
    "plot",
    "report",
    "force",
    "json",
    "dry_run",
    "shard",
    "workers",
    "scratch",
    "ray",
    "ray_workers",
    "yes",
)
SHORT = 80  # characters of a command on one line
FLAGS = {"k": "-k", "n": "-n", "quality_weight": "--lambda"}

Told = dict[str, str | list[str]]


def told_settings(settings: Any) -> Told:
    """Flag to value of every setting that is not the usual one, of all stages; `data` first.

    Parameters
    ----------
    settings : dataclass
        Of stages, each a dataclass of settings, in any depth. A flag that needs no value has none;
        several values are a list.
    """
    found: Told = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            found.update(told_settings(value))
        elif field.name == "data":
            found["DATA"] = list(value)
        elif field.name not in UNTOLD and value != _usual(field):
            name = FLAGS.get(field.name, f"--{field.name.replace('_', '-')}")
            if isinstance(value, bool):
                found[name if value else name.replace("--", "--no-", 1)] = ""
            elif isinstance(value, tuple):
                found[name] = [str(one) for one in value]
            else:
                found[name] = str(value)
    return found


def told_words(*settings: Any) -> list[str]:
    """The same as words of a command line, flags and values in turn; DATA is left out."""
    told = {name: value for one in settings for name, value in told_settings(one).items()}
    words = []
    for name, value in told.items():
        if name != "DATA":
            for one in [value] if isinstance(value, str) else value:
                words += [name, one] if one else [name]
    return words


def command_line(command: str, told: Mapping[str, str | list[str]]) -> str:
    """The command that these settings are of, as it is typed: a flag a line where it is long."""
    words = [f"spanset {command}"]
    for name, value in told.items():
        flag = [] if name == "DATA" else [name]
        values = [value] if isinstance(value, str) else value
        words += [" ".join([*flag, _quoted(one)] if one else flag) for one in values]
    is_short = sum(map(len, words)) + len(words) <= SHORT
    return (" " if is_short else " \\\n  ").join(words)


def _quoted(value: str) -> str:
    return shlex.quote(printable(value))


def _usual(field: Any) -> Any:
    return field.default_factory() if field.default is MISSING else field.default
