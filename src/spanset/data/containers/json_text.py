"""JSON Lines and JSON arrays: each row a range of bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spanset.base.errors import DataError
from spanset.data.containers.scanning import Buffer, RawRow, parse, scan_array, scan_lines
from spanset.data.containers.sources import TextSource


@dataclass(frozen=True, kw_only=True, eq=False)
class JsonSource(TextSource):
    """Rows in JSON; `kind` is "json" (an array) or "jsonl" (lines)."""

    content: Buffer
    kind: str

    @property
    def container(self) -> str:
        """Suffix of the container that holds its rows as they are."""
        return f".{self.kind}"

    @property
    def layout(self) -> object:
        """Nothing else: rows of JSON stand beside any others."""
        return None

    def rows(self) -> Iterator[RawRow]:
        """Every row in order; malformed ones carry their error."""
        scan = scan_lines if self.kind == "jsonl" else scan_array
        return self._released(scan(self.content, self.name))

    def parsed(self, raw: bytes) -> Any:
        """Value of a row that was read without error before."""
        return parse(raw)[0]


def memory_source(content: bytes, name: str = "<memory>") -> JsonSource:
    """JSON Lines held in memory."""
    digest = hashlib.sha256(content).hexdigest()
    return JsonSource(name=name, content=content, kind="jsonl", sha256=digest)


def encoded(row: Mapping[str, Any], where: str) -> bytes:
    """One mapping as JSON on one line.

    Raises
    ------
    DataError
        A value that JSON does not have.
    """
    try:
        return json.dumps(dict(row), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # lone surrogates can only stand as escapes
        return json.dumps(dict(row)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            "the row cannot be written as JSON",
            where=where,
            why=str(error),
            fix="use texts, numbers, true, false, null, lists and objects",
        ) from error
