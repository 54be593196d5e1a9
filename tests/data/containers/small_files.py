"""Files of a few bytes."""

from __future__ import annotations

from spanset.data.containers.scanning import RawRow

BOM = b"\xef\xbb\xbf"


def text_of(content: bytes, row: RawRow) -> bytes:
    return content[row.start : row.start + row.length]
