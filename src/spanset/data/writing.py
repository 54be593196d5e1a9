"""Rows out: the source's own bytes, atomically.

A regular file appears whole or not at all: rows go to a partial file beside it, which is renamed at
the end. A target that is no regular file (a pipe, a device) is written directly.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from spanset.errors import OutputError, UsageError

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset

SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".json.gz")

# JSON allows no raw line break inside a string, so a line break and the blanks around it always
# stand between tokens and can go.
_LINE_BREAK = re.compile(rb"[\r\n][ \t\r\n]*")


def container_of(path: str | Path) -> str:
    """Container that a file name asks for: a suffix of `SUFFIXES`; JSON Lines for "-"."""
    name = str(path)
    if name == "-" or is_direct(Path(name)):
        return ".jsonl"
    suffix = next((suffix for suffix in reversed(SUFFIXES) if name.endswith(suffix)), None)
    if suffix is None:
        raise UsageError(
            "the suffix names no container that can be written",
            where=name,
            fix=f"end the name in one of {', '.join(SUFFIXES)}",
        )
    return suffix


def natural_container(data: Dataset) -> str:
    """The inputs' container if they agree, else JSON Lines."""
    kinds = {source.kind for source in data.sources}
    return ".json" if kinds == {"json"} else ".jsonl"


def write_rows(data: Dataset, path: str | Path, *, force: bool = False) -> None:
    """Write every row of `data`, in its order, verbatim.

    One row a line, LF; in a JSON array, line breaks between a row's tokens are folded away.

    Raises
    ------
    UsageError
        The path exists (without `force`), or its suffix names no container.
    OutputError
        The path cannot be written; nothing is left of it.
    """
    with rows_written(data, path, force=force):
        pass


@contextmanager
def rows_written(data: Dataset, path: str | Path, *, force: bool = False) -> Iterator[None]:
    """Rows as `write_rows` writes them; the file gets its name when the block ends well."""
    container = container_of(path)
    for source in data.sources:
        source.check_unchanged()
    with open_output(path, force=force) as file:
        if container.endswith(".gz"):
            # No name and no time in the header: the same rows give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                _write(data, packed, container)
        else:
            _write(data, file, container)
        file.flush()
        yield


def _write(data: Dataset, file: IO[bytes] | gzip.GzipFile, container: str) -> None:
    is_array = container.startswith(".json") and not container.startswith(".jsonl")
    before, between, after = (b"[\n", b",\n", b"\n]\n") if is_array else (b"", b"\n", b"\n")
    file.write(before)
    for position in range(len(data)):
        if position:
            file.write(between)
        raw = data.raw(position)
        is_folded = data.sources[int(data.source[position])].kind == "json"
        file.write(_LINE_BREAK.sub(b"", raw) if is_folded else raw)
    file.write(after if len(data) or is_array else b"")


def is_direct(path: Path) -> bool:
    """Whether the path is there and no regular file or folder: a pipe or a device."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def refuse_existing(path: str | Path, *, force: bool, where: str = "--output") -> None:
    """Refuse a target that exists, unless told to replace it."""
    path = Path(path)
    if str(path) == "-" or is_direct(path):
        return
    if os.path.isdir(path):  # noqa: PTH112
        raise UsageError("the output is a folder", where=str(path), fix="name a file")
    if os.path.exists(path) and not force:  # noqa: PTH110
        raise UsageError(
            "the output exists",
            where=str(path),
            fix=f"choose another name for {where}, or replace it with --force",
        )
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise UsageError(
            "the output's folder does not exist", where=str(path), fix=f"mkdir -p {path.parent}"
        )


@contextmanager
def open_output(path: str | Path, *, force: bool = False) -> Iterator[IO[bytes]]:
    """Binary file that becomes `path` when the block ends well, and leaves nothing otherwise."""
    path = Path(path)
    refuse_existing(path, force=force)
    try:
        if str(path) == "-":
            if sys.stdout is None:
                raise OSError(errno.EBADF, "standard output is closed")
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        elif is_direct(path):
            with path.open("wb") as file:
                yield file
        else:
            with _partial(path) as file:
                yield file
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise cannot_write(path, error) from error


@contextmanager
def _partial(path: Path) -> Iterator[IO[bytes]]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with io.open(handle, "wb") as file:  # noqa: UP020 (an open descriptor)
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp makes it private; a result is an ordinary file
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Error for a write that failed, with its cause in words."""
    fixes = {
        "PermissionError": f"choose a place you may write to, or chmod u+w {path.parent}",
        "BrokenPipeError": "the reader went away; nothing else is wrong",
    }
    return OutputError(
        "cannot write the output; nothing of it is left",
        where=str(path),
        why=error.strerror or str(error),
        fix=fixes.get(type(error).__name__, "free some space there, or choose another place"),
    )
