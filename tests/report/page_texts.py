"""What a page says to somebody who reads it, and what a terminal said before."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class _Words(HTMLParser):
    """Text of the body, less what is no text: style, script and values."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.inside: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("style", "script"):
            self.inside.append(tag)
        self._end_word(tag)

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self.inside.pop()
        self._end_word(tag)

    def _end_word(self, tag):
        if tag not in ("strong", "em", "bdi", "code"):
            self.parts.append(" ")

    def handle_data(self, data):
        if not self.inside:
            self.parts.append(data)


def parsed(page: str) -> _Words:
    found = _Words()
    found.feed(page)
    return found


def text_of(page: str) -> str:
    """All words, on one line."""
    return " ".join("".join(parsed(page).parts).split())


def tags_of(page: str, name: str) -> list[dict[str, str | None]]:
    """Attributes of the elements of a name."""
    return [attributes for tag, attributes in parsed(page).tags if tag == name]


def told(out: str) -> str:
    """What a terminal said, on one line, less what the process took and where things are."""
    return " ".join(out.split("\nseconds ")[0].split())


def numbers(text: str) -> set[str]:
    """Every number of a text as it stands there, with sign and digits."""
    return set(re.findall(r"[+-]?\d[\d,]*(?:\.\d+)?", text))


def require_harmless(page: str, *hostile: str) -> None:
    """Nothing of these texts became markup, and all of them are there to be read."""
    found = parsed(page)
    allowed = {"script": 2, "img": 0, "a": 0, "iframe": 0, "form": 0}
    for name, most in allowed.items():
        assert sum(tag == name for tag, _ in found.tags) <= most, name
    for _, attributes in found.tags:
        assert not any(name.startswith("on") or name in ("style", "src") for name in attributes)
    text = "".join(found.parts)
    for one in hostile:
        assert one in text, one
