"""The page of a first look, from the sentence of what the data are down to what to do next.

sentence, signs -> values -> what they are -> repeats -> map, rows -> diversity -> sizes -> next
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.greedy.enough import LEAST_GAIN
from spanset.greedy.factor import NO_ROWS
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.first_measures import measures
from spanset.report.looked_at.first_pictures import files_table, holdings_table, pictures
from spanset.report.looked_at.first_repeats import repeats
from spanset.report.looked_at.first_signs import first_signs
from spanset.report.looked_at.first_words import sentence, title_of, values
from spanset.report.looked_at.next_steps import Asked, next_steps
from spanset.report.page.document import document
from spanset.report.page.line_chart import Mark
from spanset.report.page.making import digests_part, footer
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import section, table, tiles
from spanset.report.parts.gains_chart import gains_chart
from spanset.report.parts.map_section import map_section
from spanset.report.parts.mapped_rows import MappedRows
from spanset.report.parts.row_groups import RowGroups
from spanset.report.parts.row_texts import RowText, shown_values
from spanset.report.parts.sign_list import sign_list

WITHOUT_SCRIPT = 20  # rows in the table that stands there before any script runs


def first_page(facts: FirstFacts, asked: Asked) -> str:
    """The page; equal facts give equal text, on any number of processors."""
    with threadpool_limits(1, user_api="blas"):
        shown = MappedRows.of(facts.X, NO_ROWS, projection=facts.projection, seed=facts.seed)
        texts = [RowText.of(facts.looked, row) for row in shown.rows.tolist()]
        groups = RowGroups.of(shown.places, [text.prompt for text in texts], seed=facts.seed)
    title = title_of(facts)
    return document(
        f"{title}, a first look by spanset",
        element("header", element("h1", title), element("p", sentence(facts), class_="lead")),
        sign_list(first_signs(facts)),
        tiles(list(values(facts))),
        section(
            "What they are",
            *files_table(facts),
            holdings_table(facts),
            element("div", *pictures(facts), class_="pictures"),
            name="what",
        ),
        section("Repeats", *repeats(facts), name="repeats"),
        map_section(shown, groups),
        _rows(facts, shown, texts),
        section("How diverse", *measures(facts), name="diversity"),
        section("How many rows are enough", *_sizes(facts), name="sizes"),
        section("What to do next", *next_steps(facts, asked), name="next"),
        section("How it was made", *_making(facts, asked), name="making"),
        footer(),
        values=_script_values(facts, shown, groups, texts),
    )


def _script_values(
    facts: FirstFacts, shown: MappedRows, groups: RowGroups, texts: Sequence[RowText]
) -> dict[str, Any]:
    """What map and table are drawn from."""
    alike = np.zeros(len(facts.looked), np.int64)
    alike[facts.groups.rows] = facts.groups.sizes
    tokens = facts.tokens.total[facts.places]
    return {
        "picks": 0,
        "alike": alike[shown.rows].tolist(),
        **shown_values(facts.looked, tokens, shown, groups, texts),
    }


def _rows(facts: FirstFacts, shown: MappedRows, texts: Sequence[RowText]) -> Markup:
    """The first rows as a table; the script puts one of all rows in its place."""
    data = facts.looked
    names = short_names([source.name for source in data.sources])
    lines = []
    for row, text in zip(shown.rows[:WITHOUT_SCRIPT].tolist(), texts, strict=False):
        both = joined(
            element("bdi", text.prompt, dir="auto"),
            element("small", element("bdi", text.answer, dir="auto")),
        )
        where = f"{printable(names[data.source[row]])} {data.ids[row]}"
        lines.append((where, both, f"{facts.tokens.total[facts.places[row]]:,}"))
    first = table("The first rows", ["file and row number", "row", "tokens"], lines)
    drawn = f", a draw of {len(shown.rows):,}" if facts.is_drawn else ""
    words = f"Rows{drawn}: search them, sort them, or encircle some on the map."
    return section("Rows", element("p", words), element("div", first, id="rows"), name="listed")


def _sizes(facts: FirstFacts) -> Iterator[Markup]:
    """What each further row adds, as a picture and at a few sizes."""
    curve = facts.curve
    if not curve.says_something:
        yield element("p", "There are too few rows to tell from their first picks.")
        return
    drawn = f"{curve.rows:,} rows" + " drawn at random" * (curve.rows < len(facts.data))
    words = (
        f"Picked from {drawn}, each time the row that the picks before say least of. What a row "
        "adds falls from 1, unlike all others, to 0, a copy."
    )
    if curve.enough is not None:
        words += (
            f" After {curve.enough:,} a further row adds less than {LEAST_GAIN:.0%} of what the "
            "first ones add."
        )
    yield element("p", words)
    marks = [] if curve.enough is None else [Mark(curve.enough, "further rows add little")]
    picture = gains_chart(curve.compared, marks)
    count = len(curve.picks)
    lines = [
        (
            f"{point.rows:,}",
            f"{point.adds:.2g}",
            f"{point.adds_at_random:.2g}",
            f"{point.as_random:,}" if point.as_random else f"more than {count:,}",
        )
        for point in curve.points()
    ]
    heads = ["picks", "the last adds", "a random row adds", "as much as random rows"]
    beside = table("Picks beside random rows", heads, lines)
    yield element("div", picture, beside, class_="pictures")


def _making(facts: FirstFacts, asked: Asked) -> Iterator[Markup | None]:
    """Features, draws, digests of the inputs, version."""
    from spanset.base.version import __version__

    counted = f"Tokens are counted as {facts.tokens.method}. " if facts.tokens.method else ""
    words = printable(shlex.join([*asked.reading, *asked.comparing]))
    given = f" Given: {words}." if words else ""
    yield element(
        "p",
        f"Rows are compared by {facts.kind} features. {counted}Seed {facts.seed}. "
        f"Version {__version__}.{given}",
    )
    yield digests_part({one.name: one.sha256 for one in facts.data.sources}, "Digests of the files")
