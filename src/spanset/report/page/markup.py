"""Elements of HTML and SVG: text is always escaped, so that no row can become markup."""

from __future__ import annotations

import html
import re


class Markup(str):
    """Text that is markup already; everything else is escaped."""

    __slots__ = ()


Part = str | float | None  # what an element holds; markup as it is

VOID = ("meta", "input", "br", "line", "path", "rect", "circle", "polyline", "polygon")

# Characters that no document may hold, or that would be no text: controls (but for tab and line
# ends), halves of surrogate pairs, and the two non-characters.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def readable(text: str) -> str:
    """The text with a replacement character for each that no page may hold."""
    return UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def element(name: str, /, *parts: Part, **attributes: Part | bool) -> Markup:
    """An element with its parts.

    Parameters
    ----------
    parts
        Markup, or text to be escaped; None is left out.
    attributes
        By name: a trailing underscore goes, another becomes a hyphen. True is an attribute without
        a value, False and None are none.
    """
    shown = "".join(_attribute(key, value) for key, value in attributes.items())
    opened = f"<{name}{shown}>"
    if name in VOID and not parts:
        return Markup(f"{opened[:-1]}/>")
    return Markup(f"{opened}{joined(*parts)}</{name}>")


def joined(*parts: Part) -> Markup:
    """Parts one after the other."""
    return Markup("".join(_escaped(part) for part in parts if part is not None))


def _escaped(part: Part) -> str:
    return part if isinstance(part, Markup) else html.escape(readable(str(part)))


def _attribute(key: str, value: Part | bool) -> str:
    if value is None or value is False:
        return ""
    key = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    return f' {key}="{html.escape(readable(str(value)))}"'
