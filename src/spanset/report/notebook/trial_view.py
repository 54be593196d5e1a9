"""A trial: the verdict on every choice, and how far it is from random rows, a table a judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanset.base.views import html_view
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.page.markup import Part, element, joined
from spanset.report.page.tables import table
from spanset.runs.trial_lines import scale_of, title_of
from spanset.trials.differences import Difference
from spanset.trials.outcome import Outcome, Sets

UNITS = {"loss": "loss, nats per token ↓", "accuracy": "right answers, % ↑"}


@html_view.register(Outcome)
def _outcome_html(outcome: Outcome) -> str:
    count = len(outcome.candidates)
    lead = joined(
        strong(f"{count} choices" if count != 1 else "1 choice"), ", trained on beside random rows"
    )
    said = (
        "Differences to random rows, as many rows or as many answer tokens, with 95 % intervals; "
        "in bold where 0 is left out, as one in twenty does by chance."
    )
    return cell(heading(lead), *(_table(outcome, sets) for sets in outcome.groups), small(said))


def _table(outcome: Outcome, sets: Sets) -> Part:
    scale = scale_of(sets)
    rows: list[Sequence[Part]] = []
    for number, one in enumerate(outcome.candidates):
        found = outcome.judged(number, sets)
        rows.append(
            (
                element("bdi", one.name),
                found.verdict,
                f"{len(one.rows):,}",
                f"{scale * found.mean:.4g}",
                _difference(found.rows, scale),
                _difference(found.tokens, scale),
            )
        )
    heads = ["choice", "verdict", "rows", UNITS[sets.unit], "to as many rows", "to as many tokens"]
    return table(title_of(sets), heads, rows)


def _difference(one: Difference, scale: float) -> Part:
    width = scale * (one.high - one.low) / 2
    interval = f" ± {width:.2g}" if np.isfinite(width) else ""
    text = f"{scale * one.mean:+.3g}{interval}"
    return strong(text) if one.sign else text
