"""Rows that repeat others: how many, the largest groups with examples, and between inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.first_words import shown_share
from spanset.report.page.markup import Markup, Part, element, joined
from spanset.report.page.tables import table
from spanset.report.parts.input_repeats import input_repeats
from spanset.report.parts.row_texts import RowText

GROUPS = 6  # that are shown
EXAMPLES = 2  # rows of each that differ, and files
INPUTS = 12  # of which repeats between any two are shown


def repeats(facts: FirstFacts) -> Iterator[Markup | None]:
    """Counts, groups, inputs."""
    looked = len(facts.groups.rows)
    near = round(facts.groups.share * looked)
    rows = [
        ("the same row, exactly", facts.copies, len(facts.data)),
        ("the same prompt", facts.same_prompts, len(facts.data)),
        ("the same answer", facts.same_answers, len(facts.data)),
        (f"nearly the same row (cosine {facts.groups.threshold:g})", near, looked),
    ]
    lines = [
        (name, f"{count:,}", shown_share(count / of) if count else "-", f"{of:,}")
        for name, count, of in rows
    ]
    yield table("Rows that share with another", ["what", "rows", "share", "of"], lines)
    if looked < len(facts.data):
        yield element(
            "p",
            f"Nearly the same: of {looked:,} rows drawn at random; among all rows there are more.",
        )
    if near:
        yield _largest(facts)
    if facts.between is not None and facts.between.any and len(facts.between.names) <= INPUTS:
        yield from input_repeats(facts.between, "Repeats between files")


def _largest(facts: FirstFacts) -> Markup:
    """The largest groups: rows, and examples that differ."""
    lines = [(f"{len(rows):,}", _examples(facts, rows)) for rows in facts.groups.largest(GROUPS)]
    heads = ["rows", "for example"]
    return table("The largest groups of rows that are nearly the same", heads, lines)


def _examples(facts: FirstFacts, rows: IntArray) -> Part:
    """The first rows of a group that are no copies of each other; of equal rows the first alone."""
    _, first = np.unique(facts.looked.digests[rows], axis=0, return_index=True)
    different = rows[np.sort(first)]
    parts: list[Part] = []
    for row in different[:EXAMPLES].tolist():
        text = RowText.of(facts.looked, row)
        parts.append(element("bdi", text.prompt or text.answer, dir="auto"))
        parts.append(element("small", element("bdi", text.answer, dir="auto")))
    if len(different) == 1:
        parts.append(element("small", "All of them exactly so."))
    if len(facts.looked.sources) > 1:
        parts.append(element("small", f"In {_files(facts, rows)}."))
    return joined(*parts)


def _files(facts: FirstFacts, rows: IntArray) -> str:
    """The inputs that the rows are of."""
    names = short_names([source.name for source in facts.looked.sources])
    numbers = np.unique(facts.looked.source[rows]).tolist()
    more = f" and {len(numbers) - EXAMPLES:,} more" if len(numbers) > EXAMPLES else ""
    return ", ".join(printable(names[number]) for number in numbers[:EXAMPLES]) + more
