"""Figures of measured sets: LDD over n, every measure as bars, and measures against scores.

The page is laid out by hand, in inches from its top left corner, because the panels of
a row share one column of names and every label's width is known before anything is drawn. Set names
come from file names: nothing in them is read as mathematics or markup, and what cannot be drawn is
spelt out.

Colours, fonts and sizes are this module's own: a user's matplotlibrc changes nothing, and the same
sets give the same bytes. matplotlib is imported when a figure is asked for.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from spanset.data.writing import open_output, refuse_existing
from spanset.errors import DataError, UsageError, printable
from spanset.extras import require
from spanset.results import Curve, FloatArray, IntArray, MeasuredSet, Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
DPI = 150

# Okabe and Ito (2008), told apart by every kind of colour vision; their yellow is too pale for a
# line on white, so the last is the wine red of Tol (2021). Later sets take the colours again with
# another line style, hatch and marker.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#882255")
DASHES = ("-", "--", ":", "-.")
HATCHES = ("", "/////", ".....", "xxxxx")
MARKERS = ("o", "s", "^", "D")

UNIFORM = "uniform on the sphere"  # what LDD is measured from

INK, GREY, PALE = "#222222", "#666666", "#BBBBBB"
FONT = "DejaVu Sans"  # comes with matplotlib, so it is on every machine

# Sizes in points.
TITLE, BODY, SMALL = 9.5, 8.5, 7.5

# Lengths in inches.
MARGIN = 0.3
GAP = 0.3  # between panels side by side
SECTION = 0.35  # between rows of panels
LINE = 0.17  # one line of text
BAR = 0.24  # one set in a panel of bars
BAR_PANEL = (2.0, 3.4)  # least and largest width
CURVE_WIDTH, CURVE_HEIGHT = 10.4, 3.0
SCATTER = (2.7, 3.4, 2.4)  # least and largest width, height
SCATTER_GAP = 0.55
BAR_HEADER, CURVE_HEADER, SCATTER_HEADER = 0.58, 0.44, 0.44  # three lines and two
Y_AXIS, X_AXIS = 0.65, 0.5  # tick labels and the axis's name
CONNECTOR = 0.35  # from the end of a line to its name

NAME_LENGTH, POINT_LENGTH, TITLE_LENGTH, UNIT_LENGTH = 26, 18, 24, 30  # characters

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


class Style(NamedTuple):
    """How one set looks in every panel."""

    colour: str
    dashes: str
    hatch: str
    marker: str


class Line(NamedTuple):
    """A curve that has at least one finite value; (c,) each."""

    name: str
    style: Style
    n: IntArray
    mean: FloatArray
    spread: FloatArray


class Box(NamedTuple):
    """A rectangle, in inches."""

    left: float
    bottom: float
    width: float
    height: float

    def nearest(self, place: tuple[float, float]) -> tuple[float, float]:
        """Place of the rectangle that is nearest to this one."""
        x, y = place
        return (
            min(max(x, self.left), self.left + self.width),
            min(max(y, self.bottom), self.bottom + self.height),
        )

    def overlap(self, other: Box) -> float:
        """Area that both cover, in square inches."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        up = min(self.bottom + self.height, other.bottom + other.height) - max(
            self.bottom, other.bottom
        )
        return max(across, 0.0) * max(up, 0.0)


class Point(NamedTuple):
    """A set in a scatter panel: its label, its style, its measure and its score."""

    name: str
    style: Style
    x: float
    y: float


@dataclass(frozen=True)
class Page:
    """A figure on which places are inches from the top left corner."""

    figure: Figure
    width: float
    height: float

    def axes(self, left: float, top: float, width: float, height: float, label: str) -> Axes:
        """Axes with this corner and this size."""
        bottom = self.height - top - height
        return self.figure.add_axes(
            (
                *(left / self.width, bottom / self.height),
                *(width / self.width, height / self.height),
            ),
            label=label,
        )

    def text(self, left: float, top: float, text: str, **settings: Any) -> None:
        """One line of text whose middle is at this height."""
        settings = {"verticalalignment": "center_baseline", **settings}
        self.figure.text(left / self.width, 1 - top / self.height, text, **settings)

    def stroke(self, start: tuple[float, float], end: tuple[float, float], style: Style) -> None:
        """Thin line between two places, here counted from the *lower* left corner."""
        line = require("matplotlib.lines", extra="plot").Line2D(
            [start[0] / self.width, end[0] / self.width],
            [start[1] / self.height, end[1] / self.height],
            color=style.colour,
            linestyle=style.dashes,
            linewidth=0.9,
        )
        self.figure.add_artist(line)


@dataclass(frozen=True)
class Section:
    """Part of the page: its size in inches, and how to draw it below a given height."""

    width: float
    height: float
    draw: Callable[[Page, float], None]


# ------------------------------------------------------------------------------------ what is asked


def check_plot(path: str, *, force: bool) -> None:
    """Refuse what `save_figure` would refuse, before any heavy work.

    Raises
    ------
    UsageError
        The suffix names no format, the path exists (without `force`), or its folder does not.
    MissingExtraError
        matplotlib is not installed.
    """
    _format_of(path)
    refuse_existing(path, force=force, where="--plot")
    require("matplotlib", extra="plot")


def measure_figure(
    sets: Sequence[MeasuredSet],
    *,
    scores: Mapping[str, float] | None = None,
    correlations: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Draw the measurements of one or more sets on one page.

    Parameters
    ----------
    sets : sequence of MeasuredSet
        In the order of the bars; a set without some measurement, or with NaN for it, gets "-".
    scores : mapping, optional
        Name of a set to its downstream score, in any unit; adds scatter panels.
    correlations : mapping, optional
        Metric to its (Pearson, Spearman) correlation with the scores.

    Returns
    -------
    Figure
        A matplotlib figure, ten to thirteen inches wide where there is a curve.

    Raises
    ------
    DataError
        No set has a measurement.
    MissingExtraError
        matplotlib is not installed.
    """
    metrics = list(dict.fromkeys(metric for one in sets for metric in one.measurements))
    if not metrics:
        raise DataError("no set has a measurement to draw")
    # The deviation of infinite values is NaN; numpy warns of it.
    with _settings(), np.errstate(invalid="ignore"):
        curve = _curve_section(sets)
        sections = [curve] if curve else []
        sections += _bar_sections(sets, metrics)
        if scores:
            sections += _scatter_sections(sets, metrics, scores, correlations or {})
        return _composed(sections, _caption(sets))


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
    content = _rendered(figure, _format_of(path))
    with open_output(path, force=force) as file:
        file.write(content)


def _format_of(path: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"the suffix of {path!r} names no format of a figure",
            where="--plot",
            fix=f"end the name in {' or '.join(SUFFIXES)}",
        )
    return suffix


def _rendered(figure: Figure, suffix: str) -> bytes:
    name = {".png": "agg", ".svg": "svg"}[suffix]
    # Neither the date nor matplotlib's version: the same sets give the same bytes.
    metadata = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}[suffix]
    buffer = io.BytesIO()
    with _settings():
        figure.savefig(
            buffer, format=suffix[1:], dpi=DPI, backend=name, metadata=metadata, facecolor="white"
        )
    return buffer.getvalue()


@contextmanager
def _settings() -> Iterator[None]:
    """Draw with matplotlib's defaults and our settings, whatever the user's matplotlibrc says."""
    matplotlib = require("matplotlib", extra="plot")
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(OWN_SETTINGS)
        yield


# ----------------------------------------------------------------------------------------- the page


def _composed(sections: list[Section], caption: str) -> Figure:
    """Stack the sections on a page of the size that they need."""
    width = max(section.width for section in sections) + 2 * MARGIN
    foot = 2 * LINE if caption else 0.0
    height = sum(section.height + SECTION for section in sections) + foot + 2 * MARGIN - SECTION
    figure = require("matplotlib.figure", extra="plot").Figure(figsize=(width, height), dpi=DPI)
    page, top = Page(figure, width, height), MARGIN
    for section in sections:
        section.draw(page, top)
        top += section.height + SECTION
    if caption:
        page.text(MARGIN, height - MARGIN, caption, fontsize=SMALL, color=GREY)
    return figure


def _caption(sets: Sequence[MeasuredSet]) -> str:
    """What the bands and error bars are; empty where there are none."""
    every = [one for measured in sets for one in measured.measurements.values()]
    if not any(one.deviation > 0 for one in every):
        return ""
    draws = sorted({len(one.draws) for one in every if len(one.draws) > 1})
    numbers = str(draws[0]) if len(draws) == 1 else f"{draws[0]} to {draws[-1]}"
    return f"Means; bands and error bars: one standard deviation over {numbers} draws of rows."


def _style(position: int) -> Style:
    turn, colour = divmod(position, len(COLOURS))
    turn %= len(DASHES)
    return Style(COLOURS[colour], DASHES[turn], HATCHES[turn], MARKERS[turn])


# ----------------------------------------------------------------------------------------- the text


def shortened(text: str, length: int) -> str:
    """Text of at most `length` characters: the middle goes, as both ends tell files apart."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail]}…{text[len(text) - tail :]}"


def drawable(text: str) -> str:
    """Text on one line in which every character that the font lacks is spelt as an escape."""
    return "".join(
        c
        if all(font.get_char_index(ord(c)) for font in _fonts())
        else c.encode("unicode_escape").decode()
        for c in printable(text)
    )


def _labels(names: Sequence[str], length: int) -> list[str]:
    """Short names of the sets; those that became equal are numbered."""
    labels: list[str] = []
    for name in names:
        label = base = shortened(drawable(name), length)
        number = 1
        while label in labels:
            number += 1
            label = f"{base} ({number})"
        labels.append(label)
    return labels


def _without_shared_ends(names: list[str]) -> list[str]:
    """Names without the folder, and without the suffix, that all of several names share."""
    if len(set(names)) < 2:
        return names
    paths = [PurePath(name) for name in names]
    shared = {path.suffix for path in paths}
    # Letters only: the end of "mix-1.5" is part of a number.
    if len(shared) == 1 and next(iter(shared))[1:].isalpha():
        paths = [path.with_suffix("") for path in paths]
    if len({path.parent for path in paths}) == 1:
        return [path.name for path in paths]
    return [str(path) for path in paths]


@lru_cache(maxsize=1)
def _fonts() -> tuple[Any, Any]:
    """The font's regular and bold faces; the bold one has fewer characters."""
    manager = require("matplotlib.font_manager", extra="plot")
    faces = (manager.FontProperties(family=FONT, weight=weight) for weight in ("normal", "bold"))
    regular, bold = (manager.get_font(manager.findfont(face)) for face in faces)
    return regular, bold


def _text_width(text: str, size: float) -> float:
    """Width of a line of text in inches."""
    face = require("matplotlib.font_manager", extra="plot").FontProperties(family=FONT, size=size)
    measure = require("matplotlib.textpath", extra="plot").text_to_path
    return measure.get_text_width_height_descent(text, face, ismath=False)[0] / 72


def _title(metric: str) -> str:
    return shortened(drawable(metric), TITLE_LENGTH)


def _unit(measurement: Measurement) -> str:
    return shortened(drawable(measurement.unit), UNIT_LENGTH)


def _direction(measurement: Measurement) -> str:
    if measurement.better == "higher":
        return "higher is more diverse →"
    return f"← {measurement.better} is more diverse"


def _header(axes: Axes, title: str, lines: list[str]) -> None:
    """Write a title and, below it, smaller lines above the axes."""
    for rank, text in enumerate(reversed([title, *lines])):
        is_title = rank == len(lines)
        axes.annotate(
            text,
            (0, 1),
            (0, 5 + 11.5 * rank),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=TITLE if is_title else SMALL,
            fontweight="bold" if is_title else "normal",
            color=INK if is_title else GREY,
            annotation_clip=False,
        )


def _formatter(values: FloatArray) -> Callable[[float], str]:
    """Text of a value: three digits of the largest, and as many decimals for all of them."""
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if len(finite) else 0.0
    if largest and not 1e-4 <= largest < 1e7:
        return lambda value: _signed(value, f"{value:.2e}")
    is_whole = bool((finite == np.round(finite)).all())
    decimals = 0 if is_whole else max(0, 2 - math.floor(math.log10(largest)))
    # Adding zero turns a rounded -0.0 into 0.0.
    return lambda value: _signed(value, f"{round(value, decimals) + 0.0:,.{decimals}f}")


def _signed(value: float, text: str) -> str:
    return "-" if math.isnan(value) else text.replace("-", "\N{MINUS SIGN}")


# ------------------------------------------------------------------------------------- LDD over n


def _curve_section(sets: Sequence[MeasuredSet]) -> Section | None:
    """The curves of ``ldd`` over n, with names at their ends; None where no set has one."""
    names = _labels([one.name for one in sets], NAME_LENGTH)
    lines = [
        Line(name, _style(position), *_finite(one.measurements["ldd"].curve))
        for position, (name, one) in enumerate(zip(names, sets, strict=True))
        if "ldd" in one.measurements and one.measurements["ldd"].curve is not None
    ]
    lines = [line for line in lines if len(line.n)]
    if not lines:
        return None
    # The names stand beside the axes: with many sets, they decide the height.
    height = max(CURVE_HEIGHT, LINE * (len(lines) + 2))
    beside = CONNECTOR + max(
        _text_width(name, BODY) for name in [UNIFORM, *(x.name for x in lines)]
    )

    def draw(page: Page, top: float) -> None:
        width = page.width - 2 * MARGIN - Y_AXIS - beside
        axes = page.axes(MARGIN + Y_AXIS, top + CURVE_HEADER, width, height, "curve")
        _draw_curves(axes, lines)
        _header(axes, "ldd over the number of rows", ["← lower is more diverse"])
        _name_lines(page, axes, lines)

    return Section(CURVE_WIDTH, CURVE_HEADER + height + X_AXIS, draw)


def _finite(curve: Curve | None) -> tuple[IntArray, FloatArray, FloatArray]:
    """Rows, mean and deviation where the mean is finite: (c,) each."""
    if curve is None:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    kept = np.isfinite(curve.mean)
    spread = np.where(np.isfinite(curve.deviation), curve.deviation, 0.0)
    return curve.n[kept], curve.mean[kept], spread[kept]


def _draw_curves(axes: Axes, lines: list[Line]) -> None:
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=1)
    for line in lines:
        colour = line.style.colour
        low, high = line.mean - line.spread, line.mean + line.spread
        if line.spread.any():
            axes.fill_between(line.n, low, high, color=colour, alpha=0.18, linewidth=0)
        marker = "o" if len(line.n) == 1 else ""
        axes.plot(line.n, line.mean, line.style.dashes, color=colour, linewidth=1.6, marker=marker)
    lows = np.concatenate([line.mean - line.spread for line in lines])
    highs = np.concatenate([line.mean + line.spread for line in lines])
    low, high = min(0.0, float(lows.min())), max(0.0, float(highs.max()))
    room = 0.05 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    last = max(2, *(int(line.n[-1]) for line in lines))
    ticks = require("matplotlib.ticker", extra="plot").MaxNLocator(6, integer=True)
    inner = [tick for tick in ticks.tick_values(1, last) if 0.05 < (tick - 1) / (last - 1) <= 1]
    axes.set_xticks([1, *inner])
    axes.set_xlim(1, last)
    axes.set_xlabel("n, rows")
    axes.set_ylabel("LDD, nats per row")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _name_lines(page: Page, axes: Axes, lines: list[Line]) -> None:
    """Write names beside the axes, as near to the lines' ends as they go without touching.

    A connector leads from a line's end to its name. A line that ends before the others is not
    led across them: its name gets a short stroke of its own instead.
    """
    box = axes.get_position()
    left, bottom = box.x1 * page.width, box.y0 * page.height
    height = box.height * page.height
    low, high = axes.get_ylim()
    edge = axes.get_xlim()[1]
    grey = Style(GREY, "-", "", "")
    ends = [(UNIFORM, grey, edge, 0.0)]
    ends += [(x.name, x.style, float(x.n[-1]), float(x.mean[-1])) for x in lines]
    wanted = [(y - low) / (high - low) * height for _, _, _, y in ends]
    places = spread_out(wanted, LINE, height)
    for (name, style, x, _), at, place in zip(ends, wanted, places, strict=True):
        name_at = place + bottom
        line_at = at + bottom if x >= edge else name_at
        inside = 0.04 if x >= edge else 0.1
        page.stroke((left + inside, line_at), (left + CONNECTOR - 0.05, name_at), style)
        page.text(
            left + CONNECTOR,
            page.height - name_at,
            name,
            color=GREY if style is grey else INK,
            fontsize=BODY,
        )


def spread_out(wanted: Sequence[float], distance: float, height: float) -> list[float]:
    """Places in [0, height] at least `distance` apart, nearest in squares to those wanted.

    With the order kept, the places less their rank times the distance only have to ascend: an
    isotonic regression. Where `height` is too small for all, they leave it at the top.
    """
    order = np.argsort(wanted, kind="stable")
    steps = distance * np.arange(len(order))
    room = max(0.0, height - float(steps[-1]))
    ascending = isotonic_regression(np.asarray(wanted)[order] - steps, y_min=0.0, y_max=room)
    places = np.empty(len(order))
    places[order] = ascending + steps
    return places.tolist()


# -------------------------------------------------------------------------------------------- bars


def _bar_sections(sets: Sequence[MeasuredSet], metrics: list[str]) -> list[Section]:
    """Rows of panels, a metric each; the names of the sets stand left of every row."""
    names = _labels([one.name for one in sets], NAME_LENGTH)
    beside = max(_text_width(name, BODY) for name in names) + 0.12
    columns = _columns(len(metrics))
    needed = beside + columns * BAR_PANEL[0] + (columns - 1) * GAP

    def section(row: list[str]) -> Section:
        def draw(page: Page, top: float) -> None:
            room = page.width - 2 * MARGIN - beside - (columns - 1) * GAP
            width = min(room / columns, BAR_PANEL[1])
            for column, metric in enumerate(row):
                left = MARGIN + beside + column * (width + GAP)
                axes = page.axes(left, top + BAR_HEADER, width, BAR * len(sets), f"bars {metric}")
                _draw_bars(axes, metric, sets, width)
            for position, name in enumerate(names):
                at = top + BAR_HEADER + BAR * (position + 0.5)
                page.text(MARGIN + beside - 0.12, at, name, horizontalalignment="right")

        return Section(needed, BAR_HEADER + BAR * len(sets), draw)

    return [section(metrics[i : i + columns]) for i in range(0, len(metrics), columns)]


def _columns(panels: int) -> int:
    """Panels a row: four or three, whichever leaves fewer places empty in the last row."""
    return panels if panels <= 4 else min((4, 3), key=lambda columns: -panels % columns)


def _draw_bars(axes: Axes, metric: str, sets: Sequence[MeasuredSet], width: float) -> None:
    found = [one.measurements.get(metric) for one in sets]
    values = np.array([one.value if one else math.nan for one in found])
    spread = np.array([one.deviation if one else 0.0 for one in found])
    bars = np.where(np.isfinite(values), values, 0.0)
    spread = np.where(np.isfinite(spread) & np.isfinite(values), spread, 0.0)
    write = _formatter(values)
    texts = [write(value) for value in values]
    for position, (bar, error) in enumerate(zip(bars, spread, strict=True)):
        style = _style(position)
        axes.barh(
            position,
            bar,
            0.7,
            color=style.colour,
            hatch=style.hatch,
            edgecolor="white",
            linewidth=0,
        )
        if error:
            # White below the ink: seen on a black bar too.
            for colour, line in (("white", 2.4), (INK, 0.9)):
                axes.errorbar(
                    bar,
                    position,
                    xerr=error,
                    color=colour,
                    linewidth=line,
                    capsize=2,
                    capthick=line,
                )
        is_left = bar < 0
        axes.annotate(
            texts[position],
            (bar - error if is_left else bar + error, position),
            (-4 if is_left else 4, 0),
            textcoords="offset points",
            horizontalalignment="right" if is_left else "left",
            verticalalignment="center_baseline",
            fontsize=SMALL,
        )
    axes.axvline(0, color=GREY, linewidth=0.7)
    axes.set_xlim(*_bar_limits(bars, spread, texts, width))
    axes.set_ylim(len(sets) - 0.5, -0.5)
    axes.set_axis_off()
    measurement = next(one for one in found if one)
    _header(axes, _title(metric), [_unit(measurement), _direction(measurement)])


def _bar_limits(
    bars: FloatArray, spread: FloatArray, texts: list[str], width: float
) -> tuple[float, float]:
    """Ends of the axis, so that the values written at both ends of the bars stay inside."""
    is_left = bars < 0
    widths = np.array([_text_width(text, SMALL) + 0.1 for text in texts])
    before, after = (float(widths[side].max(initial=0.0)) for side in (is_left, ~is_left))
    low = min(0.0, float((bars - spread).min()))
    high = max(0.0, float((bars + spread).max()))
    if low == high:
        return 0.0, 1.0
    scale = (high - low) / max(width - before - after, width / 4)
    return low - before * scale, high + after * scale


# ----------------------------------------------------------------------------------- against scores


def _scatter_sections(
    sets: Sequence[MeasuredSet],
    metrics: list[str],
    scores: Mapping[str, float],
    correlations: Mapping[str, tuple[float, float]],
) -> list[Section]:
    """Rows of panels, a metric each: the measure across, the score up, a point a set."""
    points = {metric: _points(sets, metric, scores) for metric in metrics}
    metrics = [metric for metric in metrics if points[metric]]
    columns = min(3, len(metrics))
    height = max(SCATTER[2], LINE * 1.5 * len(sets))  # room for the names
    example = {m: one for each in sets for m, one in each.measurements.items()}

    def section(row: list[str]) -> Section:
        def draw(page: Page, top: float) -> None:
            room = page.width - 2 * MARGIN - Y_AXIS - (columns - 1) * SCATTER_GAP
            width = min(room / columns, SCATTER[1])
            for column, metric in enumerate(row):
                left = MARGIN + Y_AXIS + column * (width + SCATTER_GAP)
                top_left = left, top + SCATTER_HEADER
                axes = page.axes(*top_left, width, height, f"scatter {metric}")
                _draw_scatter(axes, points[metric], Box(0, 0, width, height))
                axes.set_xlabel(
                    f"{_unit(example[metric])}, {example[metric].better} is more diverse"
                )
                if not column:
                    axes.set_ylabel("downstream score")
                _header(axes, _title(metric), _correlation(correlations.get(metric)))

        needed = Y_AXIS + columns * SCATTER[0] + (columns - 1) * SCATTER_GAP
        return Section(needed, SCATTER_HEADER + height + X_AXIS, draw)

    return [section(metrics[i : i + columns]) for i in range(0, len(metrics), columns or 1)]


def _points(sets: Sequence[MeasuredSet], metric: str, scores: Mapping[str, float]) -> list[Point]:
    names = _labels(_without_shared_ends([one.name for one in sets]), POINT_LENGTH)
    found = []
    for position, (one, name) in enumerate(zip(sets, names, strict=True)):
        measurement = one.measurements.get(metric)
        x = measurement.value if measurement else math.nan
        y = scores.get(one.name, math.nan)
        if math.isfinite(x) and math.isfinite(y):
            found.append(Point(name, _style(position), x, y))
    return found


def _correlation(pair: tuple[float, float] | None) -> list[str]:
    if pair is None:
        return []
    pearson, spearman = (_signed(value, f"{value:.2f}") for value in pair)
    return [f"Pearson {pearson}   Spearman {spearman}"]


def _draw_scatter(axes: Axes, points: list[Point], panel: Box) -> None:
    across, up = (_padded([getattr(point, name) for point in points]) for name in "xy")
    axes.set_xlim(*across)
    axes.set_ylim(*up)
    axes.locator_params(nbins=4)
    axes.grid(color="#EEEEEE", linewidth=0.7)
    axes.set_axisbelow(True)
    for point in points:
        style = point.style
        mark = axes.plot(point.x, point.y, style.marker, color=style.colour, zorder=3)[0]
        mark.set(markersize=7.5, markeredgecolor="white")
    places = [
        (
            (point.x - across[0]) / (across[1] - across[0]) * panel.width,
            (point.y - up[0]) / (up[1] - up[0]) * panel.height,
        )
        for point in points
    ]
    sizes = [(_text_width(point.name, SMALL) + 0.04, LINE * 0.8) for point in points]
    boxes = placed_labels(places, sizes, panel)
    for point, (x, y), box in zip(points, places, boxes, strict=True):
        _label_point(axes, point.name, (x, y), box, panel)


def _label_point(axes: Axes, name: str, at: tuple[float, float], box: Box, panel: Box) -> None:
    """Write the name into its box, with a thin line to the point where it is not beside it."""
    near = box.nearest(at)
    inches = (
        require("matplotlib.transforms", extra="plot")
        .Affine2D()
        .scale(1 / panel.width, 1 / panel.height)
        + axes.transAxes
    )
    if math.dist(at, near) > 0.13:
        axes.plot(
            *zip(at, near, strict=True), color=PALE, linewidth=0.7, transform=inches, zorder=2
        )
    axes.text(
        box.left + 0.02,
        box.bottom + box.height / 2,
        name,
        fontsize=SMALL,
        transform=inches,
        verticalalignment="center_baseline",
        zorder=4,
    )


def _padded(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.18 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def placed_labels(
    points: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], panel: Box
) -> list[Box]:
    """Boxes for the labels of points, in inches, that cover neither points nor one another.

    Every label in turn takes the nearest free place around its point to which a line can be drawn;
    where none is free, the place that covers least. Time grows with the square of the points.
    """
    marks = [Box(x - 0.05, y - 0.05, 0.1, 0.1) for x, y in points]
    lines: list[tuple[float, float]] = []
    boxes: list[Box] = []
    for point, size in zip(points, sizes, strict=True):
        near_first = sorted(_around(point, size), key=partial(_distance, point))
        bad = [_badness(box, point, panel, marks, boxes, lines) for box in near_first]
        best = near_first[bad.index(min(bad))]
        boxes.append(best)
        lines += _steps(point, best)
    return boxes


def _badness(
    box: Box,
    point: tuple[float, float],
    panel: Box,
    marks: list[Box],
    boxes: list[Box],
    lines: list[tuple[float, float]],
) -> float:
    """What a label here would cover, and how many places of lines and labels would cross."""
    covered = sum(box.overlap(other) for other in (*marks, *boxes))
    outside = box.width * box.height - box.overlap(panel)
    steps = _steps(point, box)
    crossed = sum(_holds(other, steps) for other in boxes) + _holds(box, lines)
    # Rounded, so that places as good as each other are equal and the nearest wins.
    return round(covered + 10 * outside + 0.01 * crossed, 9)


def _around(point: tuple[float, float], size: tuple[float, float]) -> Iterator[Box]:
    """Places for a label around a point: right, left, above and below, at growing distances."""
    (x, y), (width, height) = point, size
    for up in range(-7, 8):
        middle = y + up * height
        for beside in (0.07, 0.3, 0.6):
            yield Box(x + beside, middle - height / 2, width, height)
            yield Box(x - beside - width, middle - height / 2, width, height)
        yield Box(x - width / 2, middle + math.copysign(0.02, up) - height / 2, width, height)


def _distance(point: tuple[float, float], box: Box) -> float:
    return math.dist(point, box.nearest(point))


def _steps(point: tuple[float, float], box: Box) -> list[tuple[float, float]]:
    """Places on the line from a point to its label."""
    (x, y), (right, up) = point, box.nearest(point)
    return [(x + (right - x) * t, y + (up - y) * t) for t in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1)]


def _holds(box: Box, places: Sequence[tuple[float, float]]) -> int:
    """How many of the places lie in the box."""
    right, top = box.left + box.width, box.bottom + box.height
    return sum(box.left <= x <= right and box.bottom <= y <= top for x, y in places)
