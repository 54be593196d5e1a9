"""What a notebook is given, taken apart: elements, attributes and text."""

from __future__ import annotations

from html.parser import HTMLParser

# All that views are made of; anything else came out of a row or a name.
TEXT = {"div", "style", "p", "b", "bdi", "span", "mark", "h3", "ul", "li", "progress"}
TABLE = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
PICTURE = {"figure", "figcaption", "svg", "title", "text", "line", "path", "rect", "circle"}
TAGS = TEXT | TABLE | PICTURE

HOSTILE = (
    '<script>document.title="run"</script><img src=x onerror=\'document.title="run"\'>'
    '"><svg onload=document.title="run"></td></table></div></style><b>bold $\\href{x}{y}$'
)


class Parsed(HTMLParser):
    """The whole of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += f" {data}"


def parsed(html):
    """HTML of one element, closed, with nothing in it that runs, fetches or leads anywhere."""
    found = Parsed(html)
    assert found.open == []
    assert set(found.tags) <= TAGS
    names = {name for name, _ in found.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"href", "src", "style", "action", "xlink:href"}
    # Formulae of a notebook may hold links: the frame keeps them out.
    assert ("class", "spanset tex2jax_ignore mathjax_ignore") in found.attributes
    return found
