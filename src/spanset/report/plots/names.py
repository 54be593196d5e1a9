"""How sets are named and told apart in every panel.

Set names come from file names: nothing in them is read as mathematics or markup, and what cannot be
drawn is spelt out.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from spanset.base.errors import printable

# Okabe and Ito (2008), told apart by every kind of colour vision; their yellow is too pale for a
# line on white, so the last is the wine red of Tol (2021). Later sets take the colours again with
# another line style, hatch and marker.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#882255")
DASHES = ("-", "--", ":", "-.")
HATCHES = ("", "/////", ".....", "xxxxx")
MARKERS = ("o", "s", "^", "D")

FONT = "DejaVu Sans"  # comes with matplotlib, so it is on every machine


class Look(NamedTuple):
    """What a set is called and how it is drawn."""

    name: str
    colour: str
    dashes: str
    hatch: str
    marker: str


def looks(names: Iterable[str]) -> list[Look]:
    """Look of every set, in their order."""
    found = []
    for position, label in enumerate(labels(names, 26)):
        turn, colour = divmod(position, len(COLOURS))
        turn %= len(DASHES)
        found.append(Look(label, COLOURS[colour], DASHES[turn], HATCHES[turn], MARKERS[turn]))
    return found


def labels(names: Iterable[str], length: int) -> list[str]:
    """Names as they can be drawn; those that became equal by shortening are numbered."""
    found: list[str] = []
    for name in names:
        label = base = drawable(name, length)
        number = 1
        while label in found:
            number += 1
            label = f"{base} ({number})"
        found.append(label)
    return found


def drawable(text: str, length: int) -> str:
    """Text on one line of at most `length` characters, all of which the font has.

    Others are spelt as escapes. Of a long text the middle goes: both ends tell files apart.
    """
    text = "".join(
        c if ord(c) in _characters() else c.encode("unicode_escape").decode()
        for c in printable(text)
    )
    tail = (length - 1) // 2
    return text if len(text) <= length else f"{text[: length - 1 - tail]}…{text[-tail:]}"


@cache
def _characters() -> frozenset[int]:
    """Characters that both the regular and the bold face have."""
    from matplotlib import font_manager as fonts

    faces = [fonts.FontProperties(family=FONT, weight=weight) for weight in ("normal", "bold")]
    regular, bold = (fonts.get_font(fonts.findfont(face)).get_charmap() for face in faces)
    return frozenset(regular) & frozenset(bold)


def text_width(text: str, size: float) -> float:
    """Width in inches of a line of text of `size` points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    face = FontProperties(family=FONT, size=size)
    return text_to_path.get_text_width_height_descent(text, face, ismath=False)[0] / 72
