"""Elements: text is never markup, and what no page may hold is replaced."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from spanset.report.page.markup import Markup, element, joined, readable


class Read(HTMLParser):
    """Tags and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(st.characters(exclude_characters="\r"), max_size=60))
def test_any_text_comes_back_as_text(text):
    read = Read()
    read.feed(element("p", text, title=text))
    read.close()
    assert [tag for tag, _ in read.tags] == ["p"]
    assert read.text == readable(text)
    assert read.tags[0][1]["title"] == readable(text)


def test_markup_stands_as_it_is():
    inner = element("b", "<i>")
    assert inner == "<b>&lt;i&gt;</b>"
    assert element("p", inner, None, 3) == "<p><b>&lt;i&gt;</b>3</p>"
    assert isinstance(joined("a", inner), Markup)


def test_attributes_are_told_by_their_values():
    made = element("input", type="search", hidden=True, disabled=False, value=None, aria_label="a")
    assert made == '<input type="search" hidden aria-label="a"/>'
    assert element("p", class_="x") == '<p class="x"></p>'


def test_controls_and_halves_of_pairs_are_replaced():
    assert readable("a\x00b\ud800c\x1b\td\n") == "a�b�c�\td\n"
