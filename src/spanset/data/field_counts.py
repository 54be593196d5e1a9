"""Fields of rows that sort them: those of few short values, and how many rows have each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from spanset.data.field_texts import MISSING

MOST_VALUES = 40  # of a field that sorts rows
LONGEST = 60  # characters of a value
ROWS_A_VALUE = 4  # at least, on average
MOST_FIELDS = 64  # that are followed: rows may have any


class FieldCounts:
    """Counts of values by field, while rows come by; a field of many values is let go."""

    def __init__(self) -> None:
        self.rows = 0
        self._counts: dict[str, Counter[str] | None] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Count the values of a row."""
        self.rows += 1
        for name, value in row.items():
            counts = self._counts.get(name)
            if counts is None:
                if name in self._counts or len(self._counts) >= MOST_FIELDS:
                    continue
                counts = self._counts[name] = Counter()
            text = _short(value)
            if text is not None:
                counts[text] += 1
            if text is None or len(counts) > MOST_VALUES:
                self._counts[name] = None

    def sorting(self) -> dict[str, dict[str, float]]:
        """Field to value to its share of the rows, the most common first.

        Of the fields with two values or more, and rows enough for each.
        """
        found = {}
        for name, counts in self._counts.items():
            if counts is None:
                continue
            counts = Counter(counts)
            if missing := self.rows - counts.total():
                counts[MISSING] += missing
            if 2 <= len(counts) <= self.rows / ROWS_A_VALUE:
                pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                found[name] = {value: count / self.rows for value, count in pairs}
        return found


def _short(value: object) -> str | None:
    """A value as text, as `field_texts` has it; None for what sorts nothing.

    Such are long texts, lists and objects, and numbers that are not whole: these measure something.
    """
    if not isinstance(value, str | int | float | bool | None):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    text = str(value)
    return text if len(text) <= LONGEST else None
