"""A picture of what each pick adds, beside random rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.report.page.line_chart import Line, Mark, line_chart
from spanset.report.page.markup import Markup
from spanset.runs.compared_gains import ComparedGains

PICKED, RANDOM = "picked", "random rows"


def gains_chart(compared: ComparedGains, marks: Sequence[Mark]) -> Markup:
    """What each pick adds, beside random rows in their order; with marks at some sizes."""
    lines = [Line(PICKED, _ranks(compared.picked), compared.picked)]
    if compared.random:
        random = compared.random[0]
        lines.append(Line(RANDOM, _ranks(random), _running_mean(random)))
    last = compared.picked[np.isfinite(compared.picked)][-1:]
    says = f"The last pick still adds {last[0]:.2g} of 1." if len(last) and last[0] <= 1 else ""
    return gains_of(lines, says, marks)


def gains_of(lines: Sequence[Line], says: str, marks: Sequence[Mark] = ()) -> Markup:
    """Gains over picks, of any choices."""
    return line_chart(
        "What each pick adds",
        lines,
        x_label="picks",
        y_label="gain (log scale)",
        log_y=True,
        marks=marks,
        says=says,
    )


def _ranks(gains: FloatArray) -> FloatArray:
    return np.arange(1, len(gains) + 1, dtype=np.float64)


def _running_mean(gains: FloatArray) -> FloatArray:
    """Geometric mean over about a fiftieth of them: gains of random rows jump."""
    width = max(1, len(gains) // 50)
    logs = np.cumsum(np.concatenate([[0.0], np.log(np.maximum(gains, 1e-12))]))
    ends: IntArray = np.arange(1, len(gains) + 1)
    starts = np.maximum(0, ends - width)
    return np.exp((logs[ends] - logs[starts]) / (ends - starts))
