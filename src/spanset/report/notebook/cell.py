"""The frame of what a notebook shows: a style that reaches nothing else, in the notebook's colours.

A notebook is light or dark by its own theme, whatever the browser's is: text takes its colour from
around it, lines and bars are in tones that are seen on both.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from spanset.report.page.markup import Markup, Part, element

# Formulae are typeset in what notebooks show, and a formula may hold a link: text of rows is none.
NO_FORMULAE = "tex2jax_ignore mathjax_ignore"


def cell(*parts: Part) -> str:
    """What is shown, in the frame."""
    style = element("style", Markup(_style()))
    return element("div", style, *parts, class_=f"spanset {NO_FORMULAE}")


def heading(*parts: Part) -> Markup:
    """The line that says what a result is."""
    return element("p", *parts, class_="lead")


def small(*parts: Part) -> Markup:
    """A line of small print."""
    return element("p", *parts, class_="said")


def strong(text: str) -> Markup:
    """What the eye should find first."""
    return element("b", text)


@cache
def _style() -> str:
    return files("spanset.report.notebook").joinpath("notebook.css").read_text(encoding="utf-8")
