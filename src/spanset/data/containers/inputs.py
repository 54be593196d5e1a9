"""What DATA names: files, folders, globs, standard input, data sets of the hub, rows in memory."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError, UsageError
from spanset.data.containers import hub
from spanset.data.containers.content import STANDARD_INPUT
from spanset.data.containers.folders import shards_of
from spanset.data.containers.in_memory import is_table, mappings_source, table_source
from spanset.data.containers.opening import open_source
from spanset.data.containers.sources import Source, cannot_open


def sources(data: Any, columns: Sequence[str] = ()) -> Iterator[Source]:
    """Every input of `data`, opened one after the other."""
    if is_table(data):
        yield table_source(data)
        return
    if isinstance(data, (str, Path)):
        data = [data]
    elif isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise _neither({type(data).__name__})
    items = list(data)
    if not items:
        raise UsageError("no data given", where="DATA", fix="name at least one file")
    if all(isinstance(item, (str, Path)) for item in items):
        for name in expand(items):
            yield hub.hub_source(name) if hub.is_hub(name) else open_source(name, columns)
    elif all(isinstance(item, Mapping) for item in items):
        yield mappings_source(items)
    else:
        raise _neither({type(item).__name__ for item in items})


def expand(names: Iterable[str | Path]) -> list[str]:
    """Names with globs and folders expanded, in the given order (sorted within each), each once."""
    found: dict[str, str] = {}
    expanded: list[str] = []
    for argument in map(str, names):
        for name in _matches(argument):
            key = identity(name)
            if key in found:
                raise _given_twice(name, found[key])
            found[key] = argument
            expanded.append(name)
    return expanded


def identity(name: str) -> str:
    """The same for all names of one input."""
    if name == STANDARD_INPUT:
        return name
    return hub.identity(name) if hub.is_hub(name) else os.path.realpath(name)


def refuse_second_stdin(names: Iterable[str | None], where: str) -> None:
    """Refuse to read standard input twice: it can be read once."""
    if [name for name in names if name == STANDARD_INPUT][1:]:
        raise UsageError(
            "standard input is given twice",
            where=where,
            why="what comes from it can be read once",
            fix="put one of them into a file",
        )


def require_readable(name: str) -> None:
    """Refuse a name that cannot be opened; what would take long to load is not tried."""
    for path in expand([name]):
        if path == STANDARD_INPUT or hub.is_hub(path):
            continue
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise cannot_open(Path(path), error) from error


def _matches(argument: str) -> list[str]:
    if argument == STANDARD_INPUT or hub.is_hub(argument):
        return [argument]
    # A file whose name holds a bracket or star is itself, not a pattern.
    if not glob.has_magic(argument) or os.path.exists(argument):  # noqa: PTH110
        path = Path(argument)
        # Not `Path.is_dir`, which fails where a name is too long or a folder closed.
        if os.path.isdir(argument):  # noqa: PTH112
            return shards_of(path)
        return [argument if str(path) == STANDARD_INPUT else str(path)]  # "./-" is a file
    matches = sorted(glob.iglob(argument, recursive=True))  # noqa: PTH207
    if not matches:
        raise DataError("no file matches", where=argument, fix="check the pattern, and quote it")
    return [str(Path(match)) for match in matches]


def _given_twice(name: str, before: str) -> UsageError:
    if name == STANDARD_INPUT:
        return UsageError(
            "standard input is given twice",
            where=name,
            why="what comes from it can be read once",
            fix="name it once",
        )
    return UsageError(
        "the same file is given twice",
        where=name,
        why=f"it is already there through {before!r}",
        fix="name it once; copies of rows would only be excluded again",
    )


def _neither(kinds: set[str]) -> UsageError:
    return UsageError(
        "data is neither paths nor rows",
        where="data",
        why=f"it holds {', '.join(sorted(kinds))}",
        fix="give paths, an iterable of dicts, a datasets.Dataset, or a table of pandas, polars or "
        "pyarrow",
    )
