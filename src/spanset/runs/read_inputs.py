"""Inputs as they were read: format, usable rows, what was left out, and their digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from spanset.data.dataset import Dataset


@dataclass(frozen=True)
class ReadInput:
    """One input.

    Attributes
    ----------
    name : str
        As it was given.
    sha256 : str or None
        Of what was read; None where there is none.
    format : str
        Of its rows.
    rows : int
        Usable ones.
    left_out : mapping
        Why rows were left out, to how many.
    """

    name: str
    sha256: str | None
    format: str
    rows: int
    left_out: Mapping[str, int]

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def read_inputs(data: Dataset) -> list[ReadInput]:
    """Every input, with the same reasons for all."""
    reasons = {"malformed": data.bad, "no answer": data.empty}
    if data.unrepresented:
        reasons["not represented"] = data.unrepresented
    if data.avoided:
        reasons["avoided"] = data.avoided
    return [
        ReadInput(
            source.name,
            source.sha256,
            format.name,
            int((data.source == number).sum()),
            {why: sum(row.source == source.name for row in rows) for why, rows in reasons.items()},
        )
        for number, (source, format) in enumerate(zip(data.sources, data.formats, strict=True))
    ]
