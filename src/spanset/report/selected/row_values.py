"""Rows of the page as plain values: places, ranks, gains, neighbours and the beginning of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.short_names import short_names
from spanset.data.asked_rows import cut_text
from spanset.data.dataset import Dataset
from spanset.report.selected.mapped_rows import MappedRows
from spanset.report.selected.row_groups import RowGroups
from spanset.runs.finished import FinishedRun

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


def row_values(
    run: FinishedRun,
    shown: MappedRows,
    groups: RowGroups,
    texts: Sequence[RowText],
    reasons: Sequence[str],
) -> dict[str, Any]:
    """What the script draws from; a list a column, in the order of `shown`."""
    data, picks = run.data, run.picks
    own = shown.ranks[: shown.picks] - 1
    names = short_names([source.name for source in data.sources])
    quality = None if run.log_quality is None else _rounded(run.log_quality[shown.rows])
    return {
        "picks": shown.picks,
        "x": _on_grid(shown.on_map[:, 0]),
        "y": _on_grid(shown.on_map[:, 1]),
        "rank": shown.ranks.tolist(),
        "gain": _rounded(picks.gains[own]),
        "near": shown.nearest.tolist(),
        "cosine": _rounded(shown.cosine.astype(np.float64), 3),
        "quality": quality,
        "group": groups.of_row.tolist(),
        "groups": groups.names,
        "row": data.ids[shown.rows].tolist(),
        "source": data.source[shown.rows].tolist(),
        "sources": names,
        "line": data.line[shown.rows].tolist(),
        "tokens": run.tokens.total[shown.rows].tolist(),
        "prompt": [text.prompt for text in texts],
        "answer": [text.answer for text in texts],
        "why": list(reasons),
    }


def _on_grid(values: FloatArray) -> list[int]:
    """Whole numbers from 0 to `GRID`."""
    low, width = float(values.min()), float(np.ptp(values))
    found: IntArray = np.rint((values - low) / (width or 1.0) * GRID).astype(np.int64)
    return found.tolist()


def _rounded(values: FloatArray, digits: int = 4) -> list[float | None]:
    return [round(one, digits) if np.isfinite(one) else None for one in values.tolist()]
