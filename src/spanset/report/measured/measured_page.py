"""The page of a measurement, from its verdict down to how it was made.

sentence, verdict -> values -> pictures -> tables -> scores -> how it was made
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.base.version import __version__
from spanset.config.told_settings import command_line
from spanset.data.remarks import remark_lines
from spanset.diversity.known_sets import place_of
from spanset.diversity.ldd import LDD, EquivalentSize
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.measures.near_duplicates import NearDuplicates
from spanset.diversity.verdict import FEWEST_PICKS
from spanset.report.measured.measured_charts import (
    addition_chart,
    curve_chart,
    metric_charts,
    score_charts,
)
from spanset.report.page.document import document
from spanset.report.page.making import command_part, digests_part, footer, inputs_part
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import Cell, section, table, tiles
from spanset.report.parts.input_repeats import input_repeats
from spanset.report.parts.known_chart import known_chart
from spanset.runs.measure_lines import (
    ADDED,
    CORRELATED,
    addition_cells,
    additions_caption,
    correlation_cells,
    correlations_caption,
    measures_caption,
    metric_lines,
    short,
)
from spanset.runs.measure_outcome import MeasureOutcome
from spanset.runs.read_inputs import read_inputs

NAMED = 3  # sets that a title names
SIDE_BY_SIDE = 3  # sets that have a column each; of more, each has a row


def measured_page(outcome: MeasureOutcome) -> str:
    """The page; the same measurement gives the same text."""
    names = [one.name for one in outcome.sets]
    if outcome.additions is not None:
        names = [one.name for one in outcome.additions.files]
    what = "What is added by" if outcome.additions is not None else "Diversity of"
    title = f"{what} {_listed(names)}"
    verdict = [element("li", printable(line)) for line in outcome.verdict]
    parts = [
        element(
            "header",
            element("h1", title),
            element("p", _sentence(outcome), class_="lead"),
            element("ul", *verdict, class_="verdict", aria_label="verdict") if verdict else None,
        ),
        *_parts(outcome),
        section("How it was made", *_making(outcome), name="making"),
        footer(),
    ]
    return document(f"{title}, measured by spanset", *parts, values={})


def _parts(outcome: MeasureOutcome) -> Iterator[Markup]:
    if outcome.additions is not None:
        yield from _added(outcome)
        return
    if len(outcome.sets) == 1:
        yield tiles(list(_values(outcome)))
    lines = metric_lines(outcome.sets, spreads=True)
    drawn = (LDD().name,) if outcome.known else ()
    pictures = [
        known_chart(outcome.sets, outcome.known),
        curve_chart(outcome.sets, printable(outcome.reference)),
        *metric_charts(outcome.sets, [one for one in lines if one.metric not in drawn]),
    ]
    if any(pictures):
        yield section("Pictures", element("div", *pictures, class_="pictures"), name="pictures")
    caption = element("p", measures_caption(outcome, spreads=True))
    tables = [_measures(outcome), caption, *_rooms(outcome)]
    yield section("Every measure", *tables, name="measures")
    if outcome.repeats is not None:
        yield section(
            "Repeats", *input_repeats(outcome.repeats, "Repeats between sets"), name="repeats"
        )
    if outcome.correlations:
        yield section("Scores", *_scores(outcome), name="scores")


def _listed(names: list[str]) -> str:
    if len(names) > NAMED:
        return f"{len(names)} data sets"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _sentence(outcome: MeasureOutcome) -> str:
    kernel = dict(outcome.kernel)
    name, gamma = kernel["name"], kernel.get("gamma")
    by = f"the {name} kernel" + (f" of gamma {gamma:g}" if gamma is not None else "")
    if not kernel.get("normalize", True):
        by += ", lengths counted"
    rows = [f"{one.rows:,}" for one in outcome.sets]
    if not rows or len(rows) > NAMED:
        return f"Rows are compared by {printable(outcome.space)} features, with {by}."
    counted = rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}"
    return f"{counted} rows, compared by {printable(outcome.space)} features, with {by}."


def _values(outcome: MeasureOutcome) -> Iterator[tuple[str, str, str]]:
    """Name, value and remark of the first figures of one set."""
    (one,) = outcome.sets
    found = one.measurements
    if (ldd := found.get(LDD().name)) is not None:
        place = place_of(ldd.value, outcome.known) if outcome.known else "0 is the reference"
        yield "LDD, nats per row", f"{ldd.value:.3f}", place
    if (size := found.get(EquivalentSize.name)) is not None:
        yield "equivalent size", short(size.value), f"uniform points that span what {size.n:,} do"
    if (near := found.get(NearDuplicates().name)) is not None and np.isfinite(near.value):
        yield "near duplicates", f"{100 * near.value:.1f} %", "rows that nearly repeat another"
    if one.headroom is not None and one.headroom.k >= FEWEST_PICKS:
        said = f"times more {one.headroom.k:,} picks span than random rows do"
        yield "room to select", f"{one.headroom.ratio:.2f}", said


def _measures(outcome: MeasureOutcome) -> Markup:
    """A row a measure, or a row a set where there are many."""
    sets, lines = outcome.sets, metric_lines(outcome.sets, spreads=True)
    if len(sets) > SIDE_BY_SIDE:
        heads = ["data set", *(f"{line.arrow} {line.metric}" for line in lines)]
        rows = [
            [one.name, *(Cell(line.cells[number], line.values[number]) for line in lines)]
            for number, one in enumerate(sets)
        ]
        return table("Diversity", heads, rows, sorts=True)
    heads = ["measure", "unit", *(one.name for one in sets)]
    rows = [
        [
            f"{line.arrow} {line.metric}",
            line.example.unit,
            *(Cell(text, value) for text, value in zip(line.cells, line.values, strict=True)),
        ]
        for line in lines
    ]
    return table("Diversity", heads, rows, sorts=True)


def _rooms(outcome: MeasureOutcome) -> Iterator[Markup]:
    """What a selection could gain, where points uniform on the sphere are the reference."""
    shown = [one for one in outcome.sets if one.headroom and one.headroom.k >= FEWEST_PICKS]
    if shown and "--reference" not in outcome.told:
        heads = ["data set", "picks", "picked rows span", "random rows span", "room"]
        yield table("Room to select", heads, [list(_room(one)) for one in shown], sorts=True)
        yield element(
            "p",
            "Uniform points that as many picked and random rows span; room: how many times more, "
            "over the same of uniform points.",
        )


def _room(one: MeasuredSet) -> Iterator[str | Cell]:
    room = one.headroom
    if room is not None:
        yield one.name
        yield Cell(f"{room.k:,}", room.k)
        for sizes in (room.picked, room.random):
            yield Cell(short(float(sizes.mean())), float(sizes.mean()))
        yield Cell(f"{room.ratio:.2f}", room.ratio)


def _scores(outcome: MeasureOutcome) -> Iterator[Markup]:
    charts = score_charts(outcome.sets, outcome.correlations, outcome.scores or {})
    yield element("div", *charts, class_="pictures")
    rows = []
    for one in outcome.correlations:
        name, spearman, first, pearson, second = correlation_cells(one)
        cells = [
            Cell(spearman, one.spearman),
            Cell(first, one.spearman_interval[0]),
            Cell(pearson, one.pearson),
            Cell(second, one.pearson_interval[0]),
        ]
        rows.append([name, *cells])
    yield table("Correlation with scores", ["measure", *CORRELATED], rows, sorts=True)
    yield element("p", correlations_caption(outcome.correlations))


def _added(outcome: MeasureOutcome) -> Iterator[Markup]:
    """What new data add to the current rows."""
    added = outcome.additions
    if added is None:
        return
    rows = []
    for one in (*added.files, *([] if added.same is None else [added.same])):
        name, *cells = addition_cells(one)
        numbers = [one.rows, one.mean_residual, one.residual_sum, one.repeated]
        sizes = [
            np.nan if size is None else size for size in (one.equivalent, one.after_those_above)
        ]
        rows.append([name, *map(Cell, cells, [*numbers, *sizes])])
    picture = addition_chart(added)
    yield section(
        "What new data add",
        element("div", picture, class_="pictures") if picture else None,
        table("Beside the current rows", ["new data", *ADDED], rows, sorts=True),
        element("p", additions_caption(added)),
        name="added",
    )


def _making(outcome: MeasureOutcome) -> Iterator[Markup | None]:
    yield command_part(command_line("measure", outcome.told))
    if outcome.data is not None:
        yield inputs_part(read_inputs(outcome.data), remark_lines(outcome.data))
    yield digests_part(outcome.files)
    yield joined(element("p", f"Version {__version__}."))
