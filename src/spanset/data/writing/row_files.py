"""Rows out, atomically: where the container is the source's, as they are there.

A regular file appears whole or not at all: rows go to a partial file beside it, which is renamed at
the end. A target that is no regular file (a pipe, a device) is written directly.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spanset.base.errors import OutputError, UsageError
from spanset.data.writing.hashed_file import HashedFile
from spanset.data.writing.text_rows import write_csv, write_json

if TYPE_CHECKING:
    from spanset.data.rows import Rows
    from spanset.data.writing.written import Convert

TEXTS = (".jsonl", ".json", ".csv", ".tsv")
TABLES = (".parquet", ".arrow")
SUFFIXES = (*TEXTS, *(text + packed for packed in (".gz", ".zst") for text in TEXTS), *TABLES)


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


def natural_container(data: Rows) -> str:
    """The inputs' container if they agree on all that a file has once, else JSON Lines."""
    first = data.sources[0]
    alike = all(
        (source.container, source.layout) == (first.container, first.layout)
        for source in data.sources
    )
    return first.container if alike else ".jsonl"


def write_rows(
    data: Rows, path: str | Path, *, force: bool = False, convert: Convert | None = None
) -> None:
    """Write every row of `data`, in its order.

    Where the container is the source's, a row is written as it is there: JSON and CSV in its own
    bytes, rows of tables with their schema. Elsewhere its values are written. In JSON, one row a
    line, LF; in a JSON array, line breaks between a row's tokens are folded away.

    Parameters
    ----------
    data : Rows
        The rows.
    path : str or Path
        The suffix names the container; "-" is standard output.
    force : bool
        Replace a file that exists.
    convert : callable, optional
        From the data and a position to a mapping to write in the row's place; None leaves the row
        as it is. May be called more than once a row.

    Raises
    ------
    UsageError
        The path exists (without `force`), or its suffix names no container.
    DataError
        A value that the container cannot hold; nothing is left.
    OutputError
        The path cannot be written; nothing is left of it.
    """
    with rows_written(data, path, force=force, convert=convert):
        pass


@contextmanager
def rows_written(
    data: Rows, path: str | Path, *, force: bool = False, convert: Convert | None = None
) -> Iterator[str]:
    """Rows as `write_rows` writes them; the file gets its name when the block ends well.

    What the block is given is the SHA-256 of the file, in hexadecimal.
    """
    container = container_of(path)
    for source in data.sources:
        source.check_unchanged()
    with open_output(path, force=force) as file:
        hashed = HashedFile(file)
        with _packed(hashed, container) as packed:
            _write(data, packed, container.removesuffix(".gz").removesuffix(".zst"), convert)
        file.flush()
        yield hashed.sha256


@contextmanager
def _packed(file: HashedFile, container: str) -> Iterator[Any]:
    """The file, or what compresses into it; the same rows give the same bytes."""
    if container.endswith(".gz"):
        # No name and no time in the header.
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            yield packed
    elif container.endswith(".zst"):
        import pyarrow as pa

        from spanset.data.containers.arrow_tables import Passing

        sink = pa.PythonFile(Passing(file.write), mode="w")
        with pa.CompressedOutputStream(sink, "zstd") as packed:
            yield packed
    else:
        yield file


def _write(data: Rows, file: Any, container: str, convert: Convert | None) -> None:
    if container in TABLES:
        from spanset.data.writing.table_rows import write_table

        write_table(data, file, container, convert)
    elif container in (".csv", ".tsv"):
        is_same = natural_container(data) == container
        delimiter = "\t" if container == ".tsv" else ","
        write_csv(data, file, convert, delimiter=delimiter, verbatim=is_same)
    else:
        write_json(data, file, convert, is_array=container == ".json")


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
