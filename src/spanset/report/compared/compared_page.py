"""The page of a comparison, from the best choices down to how it was made.

sentence, the best in words -> pictures -> a table a size -> how alike choices are -> making
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.config.told_settings import command_line
from spanset.report.compared.choice_charts import alike_table, gains_lines, quality_charts
from spanset.report.page.document import document
from spanset.report.page.making import command_part, footer, inputs_part
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import Cell, section, table
from spanset.runs.compared_choices import RANDOM, Compared
from spanset.runs.compared_lines import (
    best_lines,
    choice_columns,
    choice_names,
    directions_of,
    suggestion_line,
)

NAMED = 3  # inputs that a sentence names


def compared_page(compared: Compared) -> str:
    """The page; the same comparison gives the same text."""
    sizes = " and ".join(f"{size:,}" for size in compared.sizes)
    count = len(compared.chosen())
    choices = {0: "Random choices", 1: "A choice"}.get(count, f"{count:,} choices")
    title = f"{choices} of {sizes} of {compared.pool:,} rows"
    with threadpool_limits(1, user_api="blas"):
        largest = compared.sizes[-1]
        pictures = [*quality_charts(compared, largest), gains_lines(compared)]
    return document(
        f"{title}, compared by spanset",
        element(
            "header",
            element("h1", title),
            element("p", _sentence(compared), class_="lead"),
            _best(compared, largest),
        ),
        _pictures(pictures, largest),
        section("Side by side", *_tables(compared), name="choices"),
        _alike(compared),
        section("How it was made", *_making(compared), name="making"),
        footer(),
        values={},
    )


def _sentence(compared: Compared) -> str:
    names = short_names([one.name for one in compared.inputs])
    inputs = " and ".join(names) if len(names) <= NAMED else f"{len(names)} files"
    draws = sum(cell.method == RANDOM for cell in compared.cells)
    beside = f"{draws:,} random choices" if draws != 1 else "a random choice"
    return f"Chosen from {inputs}, measured by {printable(compared.space)} beside {beside}."


def _best(compared: Compared, size: int) -> Markup | None:
    """What is best of so many picks, and the lambdas that no other beats."""
    lines = [*best_lines(compared, size), *map(suggestion_line, compared.suggestions(size))]
    if not lines:
        return None
    entries = [element("li", line) for line in lines]
    named = f"best of {size:,} picks"
    listed = element("ul", *entries, class_="verdict", aria_label=named)
    return joined(
        element("p", element("strong", f"Of {size:,} picks:")) if len(compared.sizes) > 1 else None,
        listed,
    )


def _tables(compared: Compared) -> Iterator[Markup | None]:
    """A table a size, the largest last; what is best of the others below theirs."""
    for size in compared.sizes:
        yield _table(compared, size)
        if size != compared.sizes[-1]:
            yield _best(compared, size)
    yield element("p", directions_of(compared))


def _pictures(pictures: list[Markup], size: int) -> Markup:
    drawn = [one for one in pictures if one]
    if not drawn:
        return Markup()
    return section(
        f"Pictures, of {size:,} picks", element("div", *drawn, class_="pictures"), name="pictures"
    )


def _table(compared: Compared, size: int) -> Markup:
    """Every choice: its settings where they differ, its measures, and what choosing took."""
    columns = choice_columns(compared, size)
    heads = ["choice"]
    rows: list[list[str | Cell]] = [[name] for name in choice_names(compared)]
    cells = compared.chosen()
    if any(cell.weight is not None for cell in cells):
        heads.append("lambda")
        weights = [np.nan if cell.weight is None else cell.weight for cell in cells]
        for row, weight in zip(rows, [*weights, np.nan], strict=True):
            row.append(Cell("" if np.isnan(weight) else f"{weight:g}", weight))
    if len({cell.line for cell in cells}) > 1:
        heads.append("compared by")
        for row, line in zip(rows, [*(cell.line for cell in cells), ""], strict=True):
            row.append(line)
    picks = [len(cell.found.rows[str(size)]) for cell in cells]
    if any(count != size for count in picks):
        heads.append("picks")
        for row, count in zip(rows, [*picks, size], strict=True):
            row.append(Cell(f"{count:,}", count))
    for column in columns:
        heads.append(f"{column.name}, %" if column.name == "near-duplicates" else column.name)
        for row, text, value in zip(rows, column.cells, column.values, strict=True):
            row.append(Cell(text, value))
    return table(f"{size:,} of {compared.pool:,} rows", heads, rows, sorts=True)


def _alike(compared: Compared) -> Markup:
    """Rows in common, a matrix a size; nothing of one choice alone."""
    parts = [alike_table(compared, size) for size in compared.sizes]
    if not any(parts):
        return Markup()
    return section("How alike they are", *parts, name="alike")


def _making(compared: Compared) -> Iterator[Markup | None]:
    yield command_part(command_line("compare", compared.told))
    yield inputs_part(compared.inputs, compared.remarks)
    yield element("p", f"Version {compared.version}. Seconds are those of the first time.")
