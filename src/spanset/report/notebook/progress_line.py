"""A line of progress below a cell."""

from __future__ import annotations

from dataclasses import dataclass

from spanset.base.errors import printable
from spanset.base.views import Shown, html_view
from spanset.report.notebook.cell import cell, small
from spanset.report.page.markup import element


@dataclass(frozen=True, repr=False)
class ProgressLine(Shown):
    """What is done.

    Attributes
    ----------
    text : str
        In words.
    has_bar : bool
        Whether a bar stands before it.
    share : float or None
        Of the work; None where it is not known.
    """

    text: str
    has_bar: bool = False
    share: float | None = None

    def __repr__(self) -> str:
        return printable(self.text)


@html_view.register(ProgressLine)
def _line_html(line: ProgressLine) -> str:
    if not line.has_bar:
        return cell(small(line.text))
    value = None if line.share is None else f"{min(max(line.share, 0.0), 1.0):.3f}"
    bar = element("progress", value=value, max="1", aria_label=line.text)
    return cell(small(bar, " ", line.text))
