"""Signs in the terminal: words whole, nothing that could drive it."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from spanset.commands.terminal.diagnosis_lines import diagnosis_lines
from spanset.runs.signs.sign import Sign

SIGN = Sign(
    "all-alike",
    "74 % of the picks add less than e^-7 of a row; two random rows have a kernel of 0.998",
    "to this kernel all rows are nearly the same: measures take most picks for copies",
    "--gamma auto:1000, the gamma that tells as many rows apart",
    {},
)


def printed(signs, width=80):
    out = StringIO()
    Console(file=out, width=width).print(diagnosis_lines(signs))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_sign_is_a_paragraph():
    assert printed([SIGN]) == [
        "Diagnosis: all alike",
        "  seen  74 % of the picks add less than e^-7 of a row; two random rows have a",
        "        kernel of 0.998",
        "  why   to this kernel all rows are nearly the same: measures take most picks",
        "        for copies",
        "  do    --gamma auto:1000, the gamma that tells as many rows apart",
        "",
    ]


def test_nothing_is_nothing():
    assert "".join(printed([])) == ""


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_words_are_whole_at_every_width(width):
    lines = printed([SIGN, SIGN], width)
    assert max(map(cell_len, lines)) <= width
    words = " ".join(lines).split()
    for text in (SIGN.what, SIGN.why, SIGN.fix):
        assert set(text.split()) <= set(words)


def test_what_could_drive_the_terminal_is_escaped():
    evil = Sign("x", "\x1b[2J", "a\nb", "[red]c", {})
    lines = printed([evil])
    assert not any("\x1b" in line for line in lines)
    assert any("[red]c" in line for line in lines)
