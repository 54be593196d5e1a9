"""A picture with its title and legend above and what it says below: what every chart ends in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from spanset.report.page.axes import HEIGHT, WIDTH
from spanset.report.page.chart_marks import chart_mark
from spanset.report.page.markup import Markup, element

Look = Literal["line", "bar", "mark", "known"]


def figure(
    title: str,
    says: str,
    drawn: Sequence[Markup],
    names: Sequence[str],
    look: Look,
    height: float = HEIGHT,
) -> Markup:
    """What is drawn as SVG, as a figure.

    Parameters
    ----------
    says : str
        What it shows in words; also for those who do not see it.
    drawn : sequence of Markup
        In a frame of `WIDTH` by `height`.
    names : sequence of str
        Of the looks, in their order; one alone needs no legend.
    look : {"line", "bar", "mark", "known"}
        What they tell apart; known: bars of the reader's own, and others to compare with.
    """
    picture = element(
        "svg",
        element("title", f"{title}. {says}"),
        *drawn,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
    )
    words = element("p", says) if says else None
    head = element("figcaption", element("h3", title), _legend(names, look))
    return element("figure", head, picture, words)


def _legend(names: Sequence[str], look: Look) -> Markup:
    """What each look means; nothing for one of them."""
    if len(names) < 2:
        return Markup()
    entries = [
        element("li", _swatch(number, look), element("span", name))
        for number, name in enumerate(names)
    ]
    return element("ul", *entries, class_="legend")


def _swatch(number: int, look: Look) -> Markup:
    if look == "line":
        sample = element("line", x1=0, x2=26, y1=6, y2=6, class_=f"line look-{number}")
    elif look == "mark":
        sample = chart_mark(13, 6, number)
    else:
        kind = "known" if look == "known" and number else f"look-{number}"
        sample = element("rect", x=4, y=0, width=14, height=12, class_=f"bar {kind}")
    return element("svg", sample, viewBox="0 0 26 12", class_="swatch", aria_hidden="true")
