"""Figures of measured sets: LDD over n, every measure as bars, and measures against scores.

Colours, fonts and sizes are this package's own: a user's matplotlibrc changes nothing, and the same
sets give the same bytes. matplotlib is imported when a figure is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.errors import DataError, UsageError
from spanset.base.extras import require
from spanset.data.writing.row_files import open_output, refuse_existing
from spanset.diversity.measurement import MeasuredSet
from spanset.report.bars import bar_sections
from spanset.report.compared import columns_of
from spanset.report.curves import curve_sections
from spanset.report.layout import BODY, DPI, GREY, INK, SMALL, TITLE, composed
from spanset.report.names import FONT, drawable, looks
from spanset.report.scatter import scatter_sections

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Format of a figure by its suffix, and what of its metadata is left out: with neither the date nor
# matplotlib's version, the same sets give the same bytes.
FORMATS = {".png": ("Software",), ".svg": ("Date", "Creator")}

OWN_SETTINGS: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": BODY,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a file name is a dollar
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "hatch.linewidth": 0.8,
    # Letters as outlines: as text they would take whatever font the reader's machine has, whose
    # other widths push names into each other.
    "svg.fonttype": "path",
    "svg.hashsalt": "spanset",  # identifiers are random without it
}


def check_plot(path: str, *, force: bool) -> None:
    """Refuse what `save_figure` would refuse, before any heavy work.

    Raises
    ------
    UsageError
        The suffix names no format, the path exists (without `force`), or its folder does not.
    MissingExtraError
        matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in FORMATS:
        raise UsageError(
            f"the suffix of {path!r} names no format of a figure",
            where="--plot",
            fix=f"end the name in {' or '.join(FORMATS)}",
        )
    refuse_existing(path, force=force, where="--plot")
    if find_spec("matplotlib") is None:  # looked for only: its import takes a quarter of a second
        require("matplotlib", extra="plot")


def measure_figure(
    sets: Sequence[MeasuredSet],
    *,
    scores: Mapping[str, float] | None = None,
    correlations: Mapping[str, tuple[float, float]] | None = None,
    reference: str = "uniform on the sphere",
) -> Figure:
    """Draw the measurements of one or more sets on one page.

    Parameters
    ----------
    sets : sequence of MeasuredSet
        In the order of the bars; a set without some measurement, or with NaN for it, gets "-", and
        a measure that no set has a finite value of gets no panel.
    scores : mapping, optional
        Name of a set to its downstream score, in any unit; adds scatter panels.
    correlations : mapping, optional
        Metric to its (Pearson, Spearman) correlation with the scores.
    reference : str
        What curves are measured from, in words: the name of their zero line.

    Returns
    -------
    Figure
        A matplotlib figure, 11 inches wide.

    Raises
    ------
    DataError
        No set has a measurement.
    MissingExtraError
        matplotlib is not installed.
    """
    # The deviation of infinite values is NaN; numpy warns of it.
    with _settings(), np.errstate(invalid="ignore"):
        columns, styles = columns_of(sets), looks(one.name for one in sets)
        if not columns:
            raise DataError("no set has a measurement to draw")
        sections = curve_sections(columns, styles, drawable(reference, 26))
        sections += bar_sections(columns, styles)
        if scores:
            heights = np.array([scores.get(one.name, math.nan) for one in sets])
            sections += scatter_sections(columns, styles, heights, correlations or {})
        return composed(sections, _caption(sets))


def save_figure(figure: Figure, path: str, *, force: bool) -> None:
    """Write the figure as PNG (150 dots per inch) or SVG, by the suffix; whole or not at all.

    Raises
    ------
    UsageError
        The suffix names no format, or the path exists (without `force`).
    OutputError
        The path cannot be written; nothing is left of it.
    """
    check_plot(path, force=force)
    suffix = Path(path).suffix.lower()
    with _settings(), open_output(path, force=force) as file:
        figure.savefig(
            file,
            format=suffix[1:],
            dpi=DPI,
            backend={".png": "agg", ".svg": "svg"}[suffix],
            metadata=dict.fromkeys(FORMATS[suffix]),
            facecolor="white",
        )


@contextmanager
def _settings() -> Iterator[None]:
    """Draw with matplotlib's defaults and our settings, whatever the user's matplotlibrc says."""
    matplotlib = require("matplotlib", extra="plot")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(OWN_SETTINGS)
        yield


def _caption(sets: Sequence[MeasuredSet]) -> str:
    """What the bands and error bars are; empty where there are none."""
    draws = max(len(one.draws) for measured in sets for one in measured.measurements.values())
    if draws == 1:
        return ""
    return f"Means of {draws} draws; bands and error bars: one standard deviation."
