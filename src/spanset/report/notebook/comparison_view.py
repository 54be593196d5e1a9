"""A comparison: the measures of every choice, a table a size; the best in bold."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.base.views import html_view
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.page.markup import Part, element, joined
from spanset.report.page.tables import table
from spanset.runs.compared_choices import Compared
from spanset.runs.compared_lines import BEST, PER_CENT, measured_column

ARROWS = {"higher": " ↑", "lower": " ↓"}


@html_view.register(Compared)
def _compared_html(compared: Compared) -> str:
    chosen = len(compared.chosen())
    sizes = ", ".join(f"{size:,}" for size in compared.sizes)
    lead = joined(
        strong(f"{chosen} choices" if chosen != 1 else "1 choice"),
        f" of {sizes} of {compared.pool:,} rows, beside random ones",
    )
    said = (
        f"Measured by {compared.space}. ↑ higher is more diverse, ↓ lower is; the most diverse in "
        "bold. ±: deviation over random choices."
    )
    return cell(heading(lead), *(_table(compared, size) for size in compared.sizes), small(said))


def _table(compared: Compared, size: int) -> Part:
    names = [*compared.measures, *(f"mean {name}" for name in compared.scores)]
    columns = [_column(compared, size, name) for name in names]
    heads = [
        "choice",
        *(
            f"{name}{' %' * (name in PER_CENT)}{ARROWS.get(compared.better.get(name, ''), '')}"
            for name in names
        ),
    ]
    labels = [element("bdi", cell.label) for cell in compared.chosen()]
    rows: list[Sequence[Part]] = [
        (label, *(column[place] for column in columns)) for place, label in enumerate(labels)
    ]
    rows.append(("random rows", *(column[-1] for column in columns)))
    return table(f"{size:,} rows", heads, rows)


def _column(compared: Compared, size: int, name: str) -> list[Part]:
    """Values of every choice, the best in bold, then the mean of random ones."""
    cells = measured_column(compared, size, name).cells
    return [strong(text[len(BEST) :]) if text.startswith(BEST) else text for text in cells]
