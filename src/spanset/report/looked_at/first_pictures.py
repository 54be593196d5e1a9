"""Pictures and tables of what data hold: files, lengths, turns, writing systems, fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from spanset.base.errors import printable
from spanset.data.remarks import remark_lines
from spanset.data.writing_systems import NO_LETTERS
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.first_words import letters, shown_share
from spanset.report.page.bar_chart import share_chart, spread_chart
from spanset.report.page.markup import Markup, element
from spanset.report.page.tables import table
from spanset.runs.set_lines import field_shares

VALUES = 10  # of a field; the rest are added up
FIELDS = 6
FILES = 30
FEWEST = 5  # rows whose lengths make a picture
TURNS = ((1, 1), (2, 2), (3, 3), (4, 5), (6, 10), (11, 20), (21, None))


def files_table(facts: FirstFacts) -> Iterator[Markup]:
    """Every input with its format and rows; then what was recognised in rows beside words."""
    data = facts.data
    bad, empty = (Counter(row.source for row in rows) for rows in (data.bad, data.empty))
    usable = np.bincount(data.source, minlength=len(data.sources))
    rows = [
        (
            printable(source.name),
            format.name if usable[number] else "-",
            f"{usable[number]:,}",
            f"{bad[source.name]:,}",
            f"{empty[source.name]:,}",
        )
        for number, (source, format) in enumerate(zip(data.sources, data.formats, strict=True))
    ]
    heads = ["file", "format", "rows", "not read", "no answer"]
    more = f", the first {FILES} of {len(rows):,}" if len(rows) > FILES else ""
    yield table(f"Files{more}", heads, rows[:FILES])
    for line in remark_lines(data)[:FILES]:
        yield element("p", printable(line))


def holdings_table(facts: FirstFacts) -> Markup | None:
    """What some of the rows hold, and turns by role; None where all are plain."""
    traits, N = facts.traits, len(facts.data)
    if not traits.held and set(traits.turns) <= {"user", "assistant"}:
        return None
    rows = [(name, f"{count:,}", shown_share(count / N)) for name, count in traits.held.items()]
    roles = ", ".join(f"{count:,} {role}" for role, count in traits.turns.items())
    return element(
        "div",
        table("What rows hold", ["some hold", "rows", "share"], rows) if rows else None,
        element("p", f"Turns by role: {roles}."),
    )


def pictures(facts: FirstFacts) -> Iterator[Markup]:
    """Lengths, turns, writing systems, inputs, and fields that sort rows."""
    if len(facts.data) >= FEWEST:
        yield _lengths(facts)
    if int(facts.traits.answers.max()) > 1:
        yield share_chart("Answers in a row", {"rows": _by_turns(facts)})
    if len([name for name in facts.traits.systems if name != NO_LETTERS]) > 1:
        yield _systems(facts)
    yield from _fields(facts)


def _lengths(facts: FirstFacts) -> Markup:
    """Tokens of prompts and of answers."""
    tokens = facts.tokens
    sets = {"prompt": tokens.input.astype(np.float64), "answer": tokens.output.astype(np.float64)}
    sets = {name: values for name, values in sets.items() if values.any()}
    middles = ", ".join(f"{name} {np.median(values):,.0f}" for name, values in sets.items())
    label = f"tokens{' (about)' if tokens.is_estimated else ''}, log scale"
    says = f"Median: {middles}. Longest row: {int(tokens.total.max()):,}."
    return spread_chart("Lengths", sets, x_label=label, says=says, log_x=True)


def _by_turns(facts: FirstFacts) -> dict[str, float]:
    """Share of the rows by their number of answers."""
    answers, found = facts.traits.answers, {}
    for least, most in TURNS:
        of = answers >= least if most is None else (answers >= least) & (answers <= most)
        name = f"{least} or more" if most is None else f"{least}" if least == most else ""
        if share := float(of.mean()):
            found[name or f"{least} to {most}"] = share
    return found


def _systems(facts: FirstFacts) -> Markup:
    """Writing systems: not languages, as is said."""
    N = len(facts.data)
    shares = {"all": {letters(name): rows / N for name, rows in facts.traits.systems.items()}}
    ((_, shown),) = field_shares([{"writing": shares["all"]}], VALUES)
    says = "What most letters of a row belong to. A writing system is not a language."
    return share_chart("Writing systems", {"rows": {name: row[0] for name, row in shown}}, says)


def _fields(facts: FirstFacts) -> Iterator[Markup]:
    """Shares by input, and by every field of few short values."""
    data = facts.data
    names = [source.name for source in data.sources]
    counts = np.bincount(data.source, minlength=len(names))
    by_source = {names[one]: counts[one] / len(data) for one in np.argsort(-counts, kind="stable")}
    sorting = facts.traits.fields.sorting()
    shares = {"source": by_source, **dict(list(sorting.items())[:FIELDS])}
    for field, shown in field_shares([shares], VALUES):
        says = f"The first {FIELDS} of {len(sorting):,} such fields are shown."
        title = f"Share by {printable(field)}"
        is_last = len(sorting) > FIELDS and field == list(shares)[-1]
        rows = {name: row[0] for name, row in shown}
        yield share_chart(title, {"rows": rows}, says if is_last else "")
