"""Rows of a selection's page as plain values: ranks, gains and neighbours beside what all have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.parts.row_groups import RowGroups
from spanset.report.parts.row_texts import RowText, rounded_values, shown_values
from spanset.runs.finished import FinishedRun


def row_values(
    run: FinishedRun,
    shown: MappedRows,
    groups: RowGroups,
    texts: Sequence[RowText],
    reasons: Sequence[str],
) -> dict[str, Any]:
    """What the script draws from; a list a column, in the order of `shown`."""
    own = shown.ranks[: shown.picks] - 1
    quality = None if run.log_quality is None else rounded_values(run.log_quality[shown.rows])
    return {
        "picks": shown.picks,
        "rank": shown.ranks.tolist(),
        "gain": rounded_values(run.picks.gains[own]),
        "near": shown.nearest.tolist(),
        "cosine": rounded_values(shown.cosine.astype(np.float64), 3),
        "quality": quality,
        "why": list(reasons),
        **shown_values(run.data, run.tokens.total, shown, groups, texts),
    }
