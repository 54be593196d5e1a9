"""How results look: a result asks here, a room above tells.

A result is a record of numbers in its own room; pages and figures stand in `report`, which knows
all results. So that a result can show itself in a notebook nonetheless, there are two open
functions here, which `report.notebook` has a line for by the class of a result. `spanset/__init__`,
above all rooms, says where they are told; nothing of it is imported before something is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

_told_by: list[Callable[[], object]] = []


def views_told_by(load: Callable[[], object]) -> None:
    """Have `load` import what registers views, before the first is looked for."""
    _told_by.append(load)


@singledispatch
def html_view(result: Any) -> str | None:  # noqa: ARG001 - what all views take
    """HTML of a result, in a frame that styles nothing else; None where nothing is told of it."""
    return None


@singledispatch
def figure_view(result: Any, *settings: Any) -> Any:  # noqa: ARG001 - what all views take
    """A figure of a result by matplotlib, or the axes that it was drawn on."""
    raise TypeError(f"nothing tells how a {type(result).__name__} is drawn")


def figure_of(result: Any, *settings: Any) -> Any:
    """The figure of a result, from whatever room tells it."""
    _load()
    return figure_view(result, *settings)


class Shown:
    """What notebooks show as HTML: Jupyter asks for this method."""

    def _repr_html_(self) -> str | None:
        _load()
        return html_view(self)


def _load() -> None:
    for load in _told_by:
        load()
