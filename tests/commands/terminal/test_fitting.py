"""Tables fit the terminal; what does not is cut in labels alone, or goes on below."""

from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from spanset.commands.terminal.fitting import Grid, Items, Row, cut_middle


def printed(renderable, width):
    out = StringIO()
    Console(file=out, width=width).print(renderable)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def numbers(rows, columns):
    return [Row(f"row {row}", [f"{row}{column}" * 3 for column in columns]) for row in rows]


def test_what_fits_is_one_table():
    grid = Grid("Title", "name", ["a", "bb"], [*numbers("1", "89"), Row("part"), Row("x", "78", 2)])
    assert printed(grid, 80) == [
        "Title",
        "",
        "  name         a       bb",
        " ─────────────────────────",
        "  row 1   181818   191919",
        "",
        "  part",
        "    x          7        8",
        "",
    ]


def test_columns_without_room_go_on_below_beside_the_first_once_more():
    grid = Grid("Title", "", ["pool", "b", "c"], numbers("1", "789"), repeats=True)
    assert printed(grid, 28) == [
        "Title",
        "",
        "            pool        b",
        " ─────────────────────────",
        "  row 1   171717   181818",
        "",
        "            pool        c",
        " ─────────────────────────",
        "  row 1   171717   191919",
        "",
    ]


def test_words_stand_left_and_heads_may_have_two_lines():
    grid = Grid("", "", ["state\nof it", "n"], [Row("a", ["done", "12"])], words=(0,))
    assert printed(grid, 80) == [
        "      state",
        "      of it    n",
        " ────────────────",
        "  a   done    12",
        "",
    ]


def test_labels_are_cut_in_the_middle_so_that_columns_find_room():
    rows = [Row("a" * 30 + "b" * 30, ["1,234,567"])]
    (line,) = [line for line in printed(Grid("", "", ["n"], rows), 40) if "1,234,567" in line]
    assert line == "  aaaaaaaaaaaa…bbbbbbbbbbb   1,234,567"
    (line,) = [line for line in printed(Grid("", "", ["n"], rows), 200) if "1,234,567" in line]
    assert line == "  " + "a" * 24 + "…" + "b" * 23 + "   1,234,567", "near the number"
    wide = Grid("", "", ["n"], rows, longest=1000)
    assert any(rows[0].label in line for line in printed(wide, 200))


def test_a_table_says_whether_it_fits():
    grid = Grid("", "", ["n"], [Row("a" * 30, ["1"])])
    assert printed(grid, 38)[2] == "  " + "a" * 30 + "   1", "and two blanks"
    assert grid.fits(38, whole=True)
    assert not grid.fits(37, whole=True)
    assert grid.fits(23)
    assert not grid.fits(22)


def test_what_looks_like_markup_or_drives_a_terminal_is_shown_as_it_is():
    shown = printed(Grid("", "", ["[b]"], [Row("[/b]:key:\x1b[2J", ["[/]"])]), 80)
    assert any("[/b]:key:\\x1b[2J" in line and "[/]" in line for line in shown)


LABELS = st.text(st.sampled_from("ab [é日🙂\x1b…"), max_size=70)
CELLS = st.sampled_from(["-", "0.0 %", "1,234", "178.9k", "-2,724 ± 5", "1,000,000.00"])


@st.composite
def grids(draw):
    columns = draw(st.integers(1, 9))
    row = st.tuples(LABELS, st.lists(CELLS, min_size=columns, max_size=columns))
    rows = [Row(*one) for one in draw(st.lists(row, min_size=1, max_size=4))]
    heads = draw(st.lists(st.sampled_from(["n", "picked", "a\nb"]), min_size=columns, max_size=9))
    return Grid("T", draw(LABELS), heads[:columns], rows, repeats=draw(st.booleans()))


@given(grids(), st.integers(20, 130))
@example(Grid("T", "", ["a", "b"], [Row("日" * 40, ["1,000,000.00", "1,000,000.00"])], True), 21)
def test_no_line_is_longer_than_the_terminal_and_no_number_is_split(grid, width):
    lines = printed(grid, width)
    assert max(map(cell_len, lines)) <= width
    shown = {}
    for line in lines:
        for cell in ("-2,724 ± 5", "1,000,000.00", "178.9k", "1,234", "0.0 %"):
            shown[cell] = shown.get(cell, 0) + line.count(f" {cell}")
    for row in grid.rows:
        for cell in row.cells:
            if cell in shown:
                shown[cell] -= 1
    assert min(shown.values()) >= 0, "each stands whole, once at least"


def test_a_table_of_rich_would_have_split_them():
    """Negative control of the above."""
    table = Table("label", "n")
    table.add_row("a" * 30, "1,000,000.00")
    assert not any("1,000,000.00" in line for line in printed(table, 19))


@given(LABELS, st.integers(0, 80))
def test_a_cut_text_keeps_both_ends_and_finds_room(text, width):
    whole = text.replace("\x1b", "\\x1b")
    cut = cut_middle(text, width)
    assert cell_len(cut) <= width
    if cell_len(whole) <= width:
        assert cut == whole
        return
    assert cell_len(cut) >= width - 2, "no more goes than must: a letter may be two cells wide"
    places = [place for place, c in enumerate(cut) if c == "…"]
    ends = [(cut[:place], cut[place + 1 :]) for place in places]
    assert not width or any(whole.startswith(a) and whole.endswith(b) for a, b in ends)


@pytest.mark.parametrize(
    ("width", "cut"), [(0, ""), (1, "…"), (2, "a…"), (3, "a…f"), (5, "ab…ef"), (6, "abcdef")]
)
def test_cutting_by_hand(width, cut):
    assert cut_middle("abcdef", width) == cut


def test_items_are_not_parted():
    items = Items(["read 0.1", "select 2.5", "write 12"])
    assert printed(items, 80) == ["read 0.1  select 2.5  write 12"]
    assert printed(items, 30) == ["read 0.1  select 2.5  write 12"]
    assert printed(items, 29) == ["read 0.1  select 2.5", "write 12"]
    assert printed(items, 12) == ["read 0.1", "select 2.5", "write 12"]
    grid = Table.grid(padding=(0, 2))
    grid.add_row("seconds", items)
    assert printed(grid, 31) == ["seconds  read 0.1  select 2.5", "         write 12"]
