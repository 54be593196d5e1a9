"""A data set: its inputs, what was left out and why, and its first rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spanset.base.errors import SpansetError
from spanset.base.short_names import short_names
from spanset.base.views import html_view
from spanset.data.dataset import Dataset
from spanset.data.left_out import left_out_lines
from spanset.data.remarks import remark_lines
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.notebook.talk_cells import talk_cell
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import table

ROWS = 3  # that are shown
INPUTS = 12


@html_view.register(Dataset)
def _dataset_html(data: Dataset) -> str:
    names = short_names([source.name for source in data.sources])
    formats = [format.name for format in data.formats]
    if len(names) == 1:
        where, inputs = joined(" of ", element("bdi", names[0]), f" ({formats[0]})"), None
    else:
        where, inputs = f" of {len(names):,} inputs", _inputs(data, names, formats)
    lead = joined(strong(f"{len(data):,} rows"), where)
    said = [small(text) for text in (*left_out_lines(data), *remark_lines(data))]
    return cell(heading(lead), *said, inputs, _first_rows(data))


def _inputs(data: Dataset, names: Sequence[str], formats: Sequence[str]) -> Markup:
    counts = [int((data.source == number).sum()) for number in range(len(names))]
    rows = [
        (element("bdi", name), format, f"{count:,}")
        for name, format, count in zip(names, formats, counts, strict=True)
    ]
    if len(rows) > INPUTS:
        rest = sum(counts[INPUTS:])
        rows = [*rows[:INPUTS], (f"{len(names) - INPUTS:,} more", "", f"{rest:,}")]
    return table("Inputs", ["input", "format", "rows"], rows)


def _first_rows(data: Dataset) -> Markup:
    """The first rows as turns; a source that cannot be read any more says so."""
    rows = []
    try:
        for source in data.sources:  # a file that became shorter would end the kernel
            source.check_unchanged()
        talks = data[np.arange(min(ROWS, len(data)))].conversations()
        for position, talk in enumerate(talks):
            rows.append((f"{int(data.ids[position]):,}", talk_cell(talk)))
    except (SpansetError, OSError, RecursionError) as error:
        return small(f"The rows cannot be shown: {error}")
    if not rows:
        return Markup()
    title = "First rows" if len(data) > ROWS else "Rows"
    return table(title, ["row", "as it is understood"], rows)
