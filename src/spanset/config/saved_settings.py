"""Settings of a finished run, out of the ``config.toml`` that it wrote: back to `SelectConfig`."""

from __future__ import annotations

from dataclasses import fields
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from spanset.base.errors import DataError
from spanset.config.settings import SelectConfig
from spanset.config.toml_files import read_toml

RENAMED = {"lambda": "quality_weight"}


def saved_select(path: str) -> SelectConfig:
    """The settings that a run of `spanset select` wrote.

    Raises
    ------
    UsageError
        No TOML file.
    DataError
        Settings that this version does not have, or values of another kind.
    """
    table = read_toml(path).get("select")
    if not isinstance(table, dict):
        raise _unknown(path, "it has no section [select]")
    left: dict[str, Any] = {_field(key): value for key, value in table.items()}
    data = left.pop("data", None)
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise _unknown(path, "it names no data")
    stages = {
        name: _stage(kind, left, path)
        for name, kind in get_type_hints(SelectConfig).items()
        if name != "data"
    }
    if left:
        raise _unknown(path, f"it has the setting {next(iter(left))!r}")
    return SelectConfig(tuple(data), **stages)


def _field(key: str) -> str:
    """Name of the setting that is called so in the file."""
    return RENAMED.get(key, key.replace("-", "_"))


def _stage(kind: type[Any], left: dict[str, Any], path: str) -> Any:
    """Settings of one stage, taken out of what is left."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.name not in left:
            continue
        value = left.pop(field.name)
        value = tuple(value) if isinstance(value, list) else value
        if not _fits(value, hints[field.name]):
            raise _unknown(path, f"the setting {field.name!r} is {value!r}")
        values[field.name] = value
    return kind(**values)


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of a setting's type: text, number, a choice, a tuple of texts."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, inner[0]) for one in value)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is hint


def _unknown(path: str, why: str) -> DataError:
    return DataError(
        "these are no settings of a run that this version of spanset knows",
        where=path,
        why=why,
        fix="use the version of spanset that made the run (its manifest.json says which), or "
        "select again",
    )
