"""What an input is: its content says, not its name.

JSON Lines, a JSON array, Parquet and Arrow are known by their first bytes, under gzip and zstd too.
Delimited text has no mark of its own: a file is taken for it by its name, standard input if it is
nothing else.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from pathlib import Path

from spanset.base.errors import DataError
from spanset.data.containers.content import STANDARD_INPUT, Content, load
from spanset.data.containers.csv_text import csv_source
from spanset.data.containers.json_text import JsonSource, memory_source
from spanset.data.containers.scanning import BLANK, BOM, Buffer
from spanset.data.containers.sources import Source, cannot_open

__all__ = ["cannot_open", "memory_source", "open_source"]

PACKED = (".gz", ".zst")

_PARQUET = b"PAR1"
_ARROW_FILE = b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"
_POINTER = b"version https://git-lfs"
_FIX = (
    "give JSON Lines, a JSON array, Parquet or Arrow; or CSV in a file whose name ends in .csv or "
    ".tsv (any text may be .gz or .zst)"
)


def open_source(path: str | Path, columns: Sequence[str] = ()) -> Source:
    """Open a file, or standard input for "-"; decompress it; tell what its rows are in.

    Parameters
    ----------
    path : str or Path
        The file.
    columns : sequence of str
        Names of the fields of CSV without a header line.

    Raises
    ------
    DataError
        No such file, a folder, no permission, empty, broken, of no container that is known.
    """
    content = load(str(path))
    head = content.bytes[: len(_ARROW_FILE)]
    if head.startswith((_PARQUET, _ARROW_STREAM, _ARROW_FILE)):
        from spanset.data.containers import arrow_files

        if head.startswith(_PARQUET):
            return arrow_files.parquet_source(content)
        return arrow_files.ipc_source(content, is_stream=head.startswith(_ARROW_STREAM))
    return _text_source(content, str(path), columns)


def stem_of(name: str) -> str:
    """A file's name without the suffix of what packed it."""
    return next((name.removesuffix(end) for end in PACKED if name.lower().endswith(end)), name)


def _text_source(content: Content, path: str, columns: Sequence[str]) -> Source:
    """Tell JSON Lines from a JSON array by the first characters, and from delimited text."""
    start = _start(content.bytes, content.name)
    for mark, kind in ((b"[", "json"), (b"{", "jsonl")):
        if start[:1] == mark:
            return JsonSource(content=content.bytes, kind=kind, **content.about())
    suffix = Path(stem_of(path).lower()).suffix
    if suffix in (".csv", ".tsv") or path == STANDARD_INPUT:
        _require_text(content.bytes, content.name)
        source = csv_source(content.bytes, columns, is_tsv=suffix == ".tsv", **content.about())
        if path != STANDARD_INPUT or len(source.columns) > 1:
            return source
    raise _unknown(content.name, start)


def _unknown(name: str, start: bytes) -> DataError:
    if start.startswith(_POINTER):
        return DataError(
            "this is a pointer to a file, not the file",
            where=f"{name}:1",
            why="Git LFS keeps large files elsewhere",
            fix="git lfs pull",
        )
    return DataError(
        "neither JSON Lines nor a JSON array, nor Parquet or Arrow",
        where=f"{name}:1",
        why=f"it starts with {start[:20]!r}",
        fix=_FIX,
    )


def _start(content: Buffer, name: str) -> bytes:
    """What comes first but a byte order mark and blanks."""
    head = content[: 1 << 16]
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DataError(
            "UTF-16 text", where=name, fix="convert it: iconv -f UTF-16 -t UTF-8 IN > OUT"
        )
    start = head.removeprefix(BOM).lstrip(BLANK)
    place = len(head)
    while not start and place < len(content):
        start = content[place : place + (1 << 16)].lstrip(BLANK)
        place += 1 << 16
    if not start:
        raise DataError(
            "the file is empty" if not len(content) else "the file holds nothing but blanks",
            where=name,
            fix="give a file with at least one row",
        )
    return start


def _require_text(content: Buffer, name: str) -> None:
    """Refuse binary data that is named as text; text in another encoding, by its line."""
    head = content[: 1 << 16]
    if b"\0" in head:
        raise DataError(
            "binary data, no rows",
            where=f"{name}:1",
            why=f"it starts with {head[:20]!r}",
            fix=_FIX,
        )
