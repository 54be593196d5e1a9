"""Rows of a page as plain values for its script: the beginning of texts, places, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.short_names import short_names
from spanset.data.asked_rows import cut_text
from spanset.data.dataset import Dataset
from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.parts.row_groups import RowGroups

PROMPT, ANSWER = 160, 120  # characters that are shown of a row
GRID = 4000  # steps of the map on either axis


@dataclass(frozen=True)
class RowText:
    """The beginning of what is asked in a row, and of its answer."""

    prompt: str
    answer: str

    @classmethod
    def of(cls, data: Dataset, row: int) -> RowText:
        """Of a row by its position."""
        turns = data.conversation(row).turns
        asked = next((turn.text for turn in turns if turn.role == "user"), "")
        answers = [turn.text for turn in turns if turn.role == "assistant"]
        first = asked or (turns[0].text if turns else "")
        answer = answers[-1] if answers else ""
        return cls(cut_text(first, PROMPT), cut_text(answer, ANSWER))


def shown_values(
    data: Dataset,
    tokens: IntArray,
    shown: MappedRows,
    groups: RowGroups,
    texts: Sequence[RowText],
) -> dict[str, Any]:
    """What map and table of every page draw from; a list a column, in the order of `shown`.

    Parameters
    ----------
    tokens : (N,) int64
        Of the rows of `data`.
    """
    return {
        "x": _on_grid(shown.on_map[:, 0]),
        "y": _on_grid(shown.on_map[:, 1]),
        "group": groups.of_row.tolist(),
        "groups": groups.names,
        "row": data.ids[shown.rows].tolist(),
        "source": data.source[shown.rows].tolist(),
        "sources": short_names([source.name for source in data.sources]),
        "line": data.line[shown.rows].tolist(),
        "tokens": tokens[shown.rows].tolist(),
        "prompt": [text.prompt for text in texts],
        "answer": [text.answer for text in texts],
    }


def rounded_values(values: FloatArray, digits: int = 4) -> list[float | None]:
    """Numbers as they are shown; None for what is none."""
    return [round(one, digits) if np.isfinite(one) else None for one in values.tolist()]


def _on_grid(values: FloatArray) -> list[int]:
    """Whole numbers from 0 to `GRID`."""
    low, width = float(values.min()), float(np.ptp(values))
    found: IntArray = np.rint((values - low) / (width or 1.0) * GRID).astype(np.int64)
    return found.tolist()
