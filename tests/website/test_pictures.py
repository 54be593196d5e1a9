"""The picture of a terminal: what the program prints, and nothing from elsewhere."""

import re
from html import unescape

from tests.places import ROOT
from website.pictures import shown_part, terminal_picture

PICTURE = ROOT / "docs" / "images" / "select.svg"


def lines_of(svg):
    """Words of the picture, line by line."""
    texts = re.findall(r'<text class="terminal-r\d+"[^>]*y="([\d.]+)"[^>]*>([^<]*)</text>', svg)
    lines = {}
    for height, text in texts:
        lines.setdefault(float(height), []).extend(unescape(text).split())
    return [lines[height] for height in sorted(lines) if lines[height]]


def without_numbers(lines):
    """Words of lines that have some."""
    words = [re.sub(r"[\d.,±%─-]+k?", " ", " ".join(line)).split() for line in lines]
    return [line for line in words if line]


def test_a_picture_holds_the_text_in_its_colours_and_fetches_nothing():
    svg = terminal_picture("\x1b[1mTitle\x1b[0m  1 < 2\nplain")
    assert lines_of(svg) == [["Title", "1", "<", "2"], ["plain"]]
    assert "font-weight: bold" in svg
    assert re.findall(r"https?://\S+?(?=\")", svg) == ["http://www.w3.org/2000/svg"]
    assert svg == terminal_picture("\x1b[1mTitle\x1b[0m  1 < 2\nplain")


def test_the_part_that_is_shown_ends_with_the_explanation():
    printed = (
        "Data\n rows\n\x1b[1mSelection  \x1b[0m\n rows 3  \nover 3 random subsets. Near\nwritten"
    )
    assert shown_part(printed) == "\x1b[1mSelection  \x1b[0m\n rows 3\nover 3 random subsets. Near"


def test_the_readmes_picture_is_what_first_steps_prints():
    """Else take it anew: `make pictures`. Code blocks are run by tests/docs."""
    block = (ROOT / "docs" / "start.md").read_text(encoding="utf-8").split("```text\n")[1]
    printed = block.split("```")[0].splitlines()
    first = printed.index("Selection")
    last = next(n for n, line in enumerate(printed) if "over 3 random subsets" in line)
    shown = lines_of(PICTURE.read_text(encoding="utf-8"))
    assert without_numbers(shown) == without_numbers(map(str.split, printed[first : last + 1]))
