"""How a result was made: the command, its inputs and their digests, what it ran on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spanset.base.errors import printable
from spanset.report.page.markup import Markup, element, joined
from spanset.report.page.tables import Cell, table
from spanset.runs.read_inputs import ReadInput


def inputs_part(inputs: Sequence[ReadInput], remarks: Sequence[str] = ()) -> Markup | None:
    """Inputs with their rows and digests, and what was recognised in them; None of none."""
    if not inputs:
        return None
    rows = [
        (
            printable(one.name),
            element("span", one.format, class_="whole"),
            *(Cell(f"{count:,}", count) for count in (one.rows, *one.left_out.values())),
            _digest(one.sha256),
        )
        for one in inputs
    ]
    heads = ["file", "format", "rows", *inputs[0].left_out, "SHA-256"]
    lines = [element("p", printable(line)) for line in remarks]
    return joined(table("Inputs", heads, rows), *lines)


def digests_part(files: Mapping[str, str | None], caption: str = "Other files") -> Markup | None:
    """Files with their digests; None of none."""
    if not files:
        return None
    rows = [(printable(name), _digest(digest)) for name, digest in files.items()]
    return table(caption, ["file", "SHA-256"], rows)


def facts_part(tables: Mapping[str, Mapping[str, Any]]) -> Markup:
    """Tables of names and values, by their captions, side by side where there is room.

    What is None is left out, what lies deeper is named by its way there.
    """
    drawn = []
    for caption, facts in tables.items():
        rows = [(name, element("code", printable(str(value)))) for name, value in _flat(facts)]
        drawn.append(table(caption, ["what", "value"], rows))
    return element("div", *drawn, class_="pictures")


def command_part(line: str) -> Markup:
    """The command that made it."""
    return joined(element("p", "The command:"), element("pre", element("code", line)))


def footer() -> Markup:
    """At the end of every page."""
    return element("footer", element("p", "Made by spanset. Nothing on this page leaves it."))


def _digest(digest: str | None) -> Markup:
    return element("code", digest or "-", class_="whole")


def _flat(facts: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found = []
    for key, value in facts.items():
        name = f"{before}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            found += _flat(value, f"{name} ")
        elif value is not None:
            found.append((name, value))
    return found
