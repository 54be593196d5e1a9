"""Every figure's settings, and how it comes into a file.

Colours, fonts and sizes are this package's own: a user's matplotlibrc changes nothing, and the same
numbers give the same bytes. matplotlib is imported when a figure is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.data.writing.row_files import open_output, refuse_existing
from spanset.report.plots.layout import BODY, DPI, GREY, INK, SMALL, TITLE
from spanset.report.plots.names import FONT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Format of a figure by its suffix, and what of its metadata is left out: with neither the date nor
# matplotlib's version, the same figure gives the same bytes.
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


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw with matplotlib's defaults and our settings, whatever the user's matplotlibrc says."""
    matplotlib = require("matplotlib", extra="plot")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(OWN_SETTINGS)
        yield


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
    with own_settings(), open_output(path, force=force) as file:
        figure.savefig(
            file,
            format=suffix[1:],
            dpi=DPI,
            backend={".png": "agg", ".svg": "svg"}[suffix],
            metadata=dict.fromkeys(FORMATS[suffix]),
            facecolor="white",
        )
