"""The page of a trial, from its verdict down to how it was made.

sentence, verdicts -> differences -> by kind of judge -> set by set -> cost -> how it was made
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.config.told_settings import command_line
from spanset.report.page.document import document
from spanset.report.page.making import command_part, facts_part, footer, inputs_part
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import Cell, section, table
from spanset.report.plots.difference_marks import MOST, Panel, caption_of_marks
from spanset.report.tried.difference_chart import difference_chart
from spanset.runs.kept_trial import KeptTrial
from spanset.runs.trial_lines import (
    BY_CHANCE,
    WHERE,
    JudgedLine,
    caption_of,
    headline,
    judged_lines,
    title_of,
    verdict_lines,
)
from spanset.trials.trial_results import Sets, TrialResults

LEFT_OUT = 20  # rows that no choice may pick, and are listed


def trial_page(kept: KeptTrial) -> str:
    """The page; the same trial gives the same text."""
    results = kept.results
    count = len(results.choices)
    (model,) = short_names([str(kept.model["model"]["name"])])
    title = f"{count:,} choices tried" if count != 1 else "A choice tried"
    return document(
        f"{title} on {model}, by spanset",
        element(
            "header",
            element("h1", headline(results)),
            element("p", _sentence(kept, model), class_="lead"),
            _verdicts(results),
            element("p", BY_CHANCE) if count > 1 else None,
        ),
        _pictures(results),
        section("By kind of judge", *_tables(results), name="judged"),
        *_set_by_set(results),
        section("What was tuned on, and its cost", _costs(results), name="cost"),
        section("How it was made", *_making(kept), name="making"),
        footer(),
        values={},
    )


def _sentence(kept: KeptTrial, model: str) -> str:
    results = kept.results
    sizes = sorted({one.rows for one in results.choices})
    rows = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    trainings = sorted({one.trainings for one in results.choices})
    judges = ", ".join(f"{name} ({count:,})" for name, count in results.items.items())
    times = " or ".join({1: "once", 2: "twice"}.get(one, f"{one:,} times") for one in trainings)
    return (
        f"{model} was tuned {times} on each choice of {rows} of {kept.pool:,} rows, and on "
        f"{results.controls[0].draws:,} draws of random rows beside: as many rows, and as many "
        f"answer tokens. Judged by {judges}."
    )


def _verdicts(results: TrialResults) -> Markup:
    """Choices of one verdict together, the verdict first."""
    said: dict[str, list[str]] = {}
    for name, words in verdict_lines(results):
        said.setdefault("; ".join(words.splitlines()), []).append(name)
    entries = [
        element("li", element("strong", f"{_capital(words)}: "), _names(names))
        for words, names in said.items()
    ]
    return element("ul", *entries, class_="verdict", aria_label="verdicts")


def _names(names: list[str]) -> Markup:
    parts = [element("bdi", name) for name in names]
    return joined(*(joined(one, ", ") for one in parts[:-1]), parts[-1], ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _pictures(results: TrialResults) -> Markup:
    names = [one.name for one in results.choices[:MOST]]
    panels = [
        Panel.of(sets, [results.judged(number, sets) for number in range(len(names))])
        for sets in results.groups
    ]
    drawn = [difference_chart(panel, names) for panel in panels]
    return section(
        "Differences to random rows",
        element("p", caption_of_marks(panels, len(results.choices))),
        element("div", *drawn, class_="pictures"),
        name="differences",
    )


def _tables(results: TrialResults) -> Iterator[Markup]:
    for sets in results.groups:
        heads = [
            "choice",
            "loss" if sets.unit == "loss" else "accuracy, %",
            "±",
            "beside random rows",
            "beside as many tokens",
            *(["verdict"] if results.choices else []),
        ]
        verdicts = [one.groups[sets.name].verdict for one in results.choices]
        lines = judged_lines(results, sets)
        rows = [
            (*_line(line), verdicts[number] if number < len(verdicts) else "")
            for number, line in enumerate(lines)
        ]
        yield table(title_of(sets), heads, rows, sorts=True)
    yield element("p", caption_of(results))


def _line(line: JudgedLine) -> list[str | Cell]:
    cells = [Cell(text, value) for text, value in zip(line.cells, line.values, strict=True)]
    return [line.name, *cells]


def _set_by_set(results: TrialResults) -> Iterator[Markup]:
    """Of every group with several sets, each by itself: its mean and both differences."""
    tables = [_of_sets(results, sets) for sets in results.groups if len(sets.names) > 1]
    if tables:
        words = (
            "Below each mean its difference to as many random rows, then to random rows of as many "
            "answer tokens."
        )
        yield section("Set by set", element("p", words), *tables, name="sets")


def _of_sets(results: TrialResults, sets: Sets) -> Markup:
    columns = [judged_lines(results, one) for one in sets.each]
    rows = []
    for number, first in enumerate(columns[0]):
        cells: list[str | Cell] = [first.name]
        for column in columns:
            line = column[number]
            below = [element("small", side) for side in (line.to_rows, line.to_tokens) if side]
            cells.append(Cell(joined(line.mean, *below), line.values[0]))
        rows.append(cells)
    heads = ["choice", *(f"{name} ({results.items[name]:,})" for name in sets.names)]
    return table(f"Each set {WHERE[sets.name]}", heads, rows, sorts=True)


def _costs(results: TrialResults) -> Markup:
    """Rows, tokens, trainings and seconds of every choice and control."""
    rows: list[list[str | Cell]] = []
    for one in results.choices:
        numbers = [one.rows, one.tokens, one.trainings, results.seconds[one.name]]
        rows.append([one.name, *map(_count, numbers), one.of_tokens])
    for one in results.controls:
        numbers = [np.nan, one.tokens, one.draws, results.seconds[one.name]]
        rows.append([one.name, *map(_count, numbers), ""])
    trained = sum(one.trainings for one in results.choices)
    trained += sum(one.draws for one in results.controls)
    seconds = f"{results.total_seconds:,.0f}"
    words = (
        f"{trained:,} trainings with their judging took {seconds} seconds in all, those on the "
        "same rows once."
    )
    heads = ["choice", "rows", "answer tokens", "trainings", "seconds", "as many tokens have"]
    return joined(element("p", words), table("Choices and random rows", heads, rows, sorts=True))


def _count(value: float) -> Cell:
    return Cell("" if np.isnan(value) else f"{value:,.0f}", value)


def _making(kept: KeptTrial) -> Iterator[Markup | None]:
    yield command_part(command_line("trial", kept.told))
    yield inputs_part(kept.inputs, kept.remarks)
    yield element(
        "p", f"{kept.pool:,} rows could be picked, {kept.home:,} were held out as those at home."
    )
    if kept.left_out:
        shown = [
            (printable(one["where"]), printable(one["why"])) for one in kept.left_out[:LEFT_OUT]
        ]
        more = "" if len(kept.left_out) <= LEFT_OUT else f"; the first {LEFT_OUT}"
        caption = f"Rows left out of every choice: {len(kept.left_out):,}{more}"
        yield table(caption, ["row", "why"], shown)
    yield facts_part(
        {"Training": kept.training, "Model": kept.model, "Machine and versions": kept.machine}
    )
