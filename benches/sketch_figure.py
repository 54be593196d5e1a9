"""The figure of the bench `sketch`, from its result: ``python -m benches.sketch_figure``.

Error of distances, and what becomes of a selection, over the dimension: a line for each rank.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl

from benches.__main__ import RESULTS
from spanset.report.plots.figure_files import OWN_SETTINGS, save_figure
from spanset.report.plots.layout import (
    BODY,
    GREY,
    HEADER,
    INK,
    LINE,
    MARGIN,
    SMALL,
    WIDTH,
    X_AXIS,
    Y_AXIS,
    Page,
    write_header,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

IMAGE = Path(__file__).parent.parent / "docs" / "images" / "sketch.svg"
SETS = {"alpaca": "Alpaca", "t0": "T0"}
PANEL, NAMES, BETWEEN = 2.25, 1.45, 0.3  # inches: a panel's height, room for names, between rows


class Line(NamedTuple):
    """One line of every panel, or, of a single dimension, one mark."""

    kind: str
    rank: int
    name: str
    colour: str
    style: str


LINES = [  # lighter is coarser
    Line("fold", 256, "full rank", "#000000", "-"),
    Line("fold", 128, "r = 128", "#08306B", "-"),
    Line("fold", 64, "r = 64", "#2171B5", "-"),
    Line("fold", 32, "r = 32", "#6BAED6", "-"),
    Line("fold", 8, "r = 8", "#B5D4E9", "-"),
    Line("factored", 128, "r = 128", "#7F2704", "--"),
    Line("factored", 64, "r = 64", "#D94801", "--"),
    Line("factored", 32, "r = 32", "#FD8D3C", "--"),
    Line("factored", 8, "r = 8", "#FDC38D", "--"),
    Line("paper", 512, "r = 512", "#882255", "D"),
]
DEFAULT = 3  # of the dimensions, at r = 64
KINDS = {"fold": "Signed fold", "factored": "Two-sided", "paper": "Paper's preset"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw the result of the bench and write it."""
    settings: Any = OWN_SETTINGS
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(settings)
        head = HEADER + 2 * LINE
        row = head + PANEL + X_AXIS
        page = Page(2 * MARGIN + len(SETS) * row + BETWEEN)
        width = (WIDTH - 2 * MARGIN - NAMES) / 3
        for number, (key, name) in enumerate(SETS.items()):
            top = MARGIN + number * (row + BETWEEN)
            one = result["sets"][key]
            for column, panel in enumerate((_distances, _overlap, _log_det)):
                left = MARGIN + column * width + Y_AXIS
                place = (left, top + head, width - Y_AXIS - 0.15, PANEL)
                axes = page.panel(*place, f"{key} {column}")
                panel(axes, one, name)
                _over_dimensions(axes, one)
            _names(page, top + head)
        save_figure(page.figure, str(path), force=True)


def _distances(axes: Axes, one: dict[str, Any], name: str) -> None:
    median = one["supervised_tokens"]["median"]
    head = f"{name}: error of distances"
    write_header(axes, head, f"answers of {median:.0f} tokens (median)", "lower is better")
    _plot(axes, one, "distance", 100)
    axes.set(yscale="log", ylabel="rms, % of the distance")
    _plain(axes, (0.5, 1, 2, 5, 10))


def _overlap(axes: Axes, one: dict[str, Any], name: str) -> None:
    head = f"{name}: overlap with exact picks"
    write_header(axes, head, "Jaccard, 150 picks of 1,500 rows", "higher is better")
    _plot(axes, one, "jaccard", 1)
    _level(axes, one["jaccard_random"], "random")
    axes.set(ylim=(0, 0.8), ylabel="Jaccard")


def _log_det(axes: Axes, one: dict[str, Any], name: str) -> None:
    head = f"{name}: diversity of the picks"
    write_header(axes, head, "log det, exact kernel: 0 is random, 100 exact", "higher is better")
    _plot(axes, one, "kept", 100)
    axes.set(ylim=(50, 101), ylabel="% of the gain over random")


def _plot(axes: Axes, one: dict[str, Any], measure: str, factor: float) -> None:
    """Means over seeds, and one standard deviation as a band."""
    for line in reversed(LINES):
        found = [
            (config["dimension"], config[measure]["mean"] * factor, config[measure]["sd"] * factor)
            for config in one["configs"]
            if (config["kind"], config["rank"]) == (line.kind, line.rank)
        ]
        x, y, sd = zip(*sorted(found), strict=True)
        if len(x) == 1:
            axes.plot(x, y, line.style, color=line.colour, markersize=5.5, zorder=4)
            continue
        axes.plot(x, y, line.style, color=line.colour, linewidth=1.6, marker="o", markersize=3)
        if line.rank == 64 and line.kind == "fold":
            low, high = ([a + s * b for a, b in zip(y, sd, strict=True)] for s in (-1, 1))
            axes.fill_between(x, low, high, color=line.colour, alpha=0.15, linewidth=0)
            ring = {"markersize": 10, "markerfacecolor": "none", "markeredgecolor": INK}
            axes.plot(x[DEFAULT], y[DEFAULT], "o", zorder=5, **ring)


def _over_dimensions(axes: Axes, one: dict[str, Any]) -> None:
    ticks = sorted({config["dimension"] for config in one["configs"]})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlabel("d, numbers a row")


def _plain(axes: Axes, ticks: tuple[float, ...]) -> None:
    """Ticks of a logarithmic axis as numbers."""
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _level(axes: Axes, value: float, name: str) -> None:
    axes.axhline(value, color=GREY, linewidth=0.8, linestyle=":")
    axes.annotate(
        name, (0.01, value), (0, 3), ("axes fraction", "data"),
        "offset points", fontsize=SMALL, color=GREY,
    )  # fmt: skip


def _names(page: Page, top: float) -> None:
    """What the lines are, at the right of the page."""
    left, place, kind = WIDTH - MARGIN - NAMES + 0.25, top, ""
    for line in LINES:
        if line.kind != kind:
            kind = line.kind
            page.text(left, place, KINDS[kind], fontsize=BODY, fontweight="bold", color=INK)
            place += 1.1 * LINE
        marker = {"linestyle": line.style, "marker": "o", "markersize": 3, "linewidth": 1.6}
        if line.kind == "paper":
            marker = {"linestyle": "", "marker": line.style, "markersize": 5.5}
        across = [left, left + 0.17, left + 0.34] if line.kind != "paper" else [left + 0.17]
        page.ink.plot(across, [place] * len(across), color=line.colour, **marker)
        page.text(left + 0.45, place, line.name, fontsize=BODY)
        place += LINE
        if line.rank in (8, 512):
            place += 0.08
    page.ink.plot(left + 0.17, place, "o", markersize=9, markerfacecolor="none", color=INK)
    page.text(left + 0.45, place, "default", fontsize=BODY)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGE
    draw(json.loads((RESULTS / "sketch.json").read_text()), target)
