from __future__ import annotations

import io

import pytest
from rich.console import Console

from spanset.cli import main
from spanset.data import read
from spanset.data.formats import FORMATS
from spanset.showing import WIDE, conversation_panels, format_panels

ROW = {"instruction": "Ask", "input": "", "output": "Tell", "score": 4.5, "tags": ["x", "y"]}
NARROW = WIDE - 1


def printed(renderable, width=120, **options):
    console = Console(file=io.StringIO(), width=width, highlight=False, **options)
    console.print(renderable)
    return console.file.getvalue()


def shown(row, width=120):
    return printed(conversation_panels(read([row]), 1), width)


def test_row_and_conversation_stand_side_by_side_where_there_is_room():
    lines = shown(ROW, WIDE).splitlines()
    assert any("the row" in line and "understood as alpaca" in line for line in lines)
    assert any("instruction" in line and "user" in line for line in lines)
    stacked = shown(ROW, NARROW).splitlines()
    assert stacked.index("the row") < stacked.index("understood as alpaca")
    assert not any("instruction" in line and "user" in line for line in stacked)


@pytest.mark.parametrize("width", [40, 80, NARROW, WIDE, 120, 160])
def test_nothing_is_wider_than_the_terminal_and_no_field_is_left_out(width):
    row = {
        "messages": [
            {"role": "user", "content": "word " * 30},
            {"role": "assistant", "content": "A"},
        ]
    }
    for text in (shown(row, width), shown(ROW, width), printed(format_panels(), width)):
        assert max(map(len, text.splitlines())) <= width
    assert all(name in shown(ROW, width) for name in ROW)


@pytest.mark.parametrize("value", ['""', "4.5", "Tell"])
def test_values_of_the_row_are_told_apart(value):
    assert value in shown(ROW)


def test_long_values_and_lists_are_cut():
    row = {"messages": [{"role": "assistant", "content": "x" * 5_000}] * 20}
    text = shown(row)
    assert "[14 more]" in text
    assert "[...]" in text
    assert text.count("x") < 20 * 2_100 + 6 * 300


def test_sides_of_a_pair_are_marked_without_colour_too():
    text = shown({"prompt": "Q", "chosen": "A", "rejected": "B"}, NARROW)
    places = [text.index(word) for word in ("✓ chosen", "✗ rejected")]
    assert places == sorted(places)


@pytest.mark.parametrize("label", [True, False])
def test_label_is_shown(label):
    text = shown({"prompt": "Q", "completion": "A", "label": label}, NARROW)
    assert f"label: {str(label).lower()}" in text.partition("understood as kto")[2]


@pytest.mark.parametrize(
    "evil", ["\x1b[31m", "\x07", "\u202e", "\x9b2J", "\r", "\x00"], ids=lambda evil: ascii(evil)
)
def test_what_rows_hold_cannot_drive_the_terminal(evil):
    hidden = f"a{evil}b"
    row = {hidden: hidden, "list": [hidden, {hidden: [[[[[hidden]]]]]}]}
    text = shown({"question": hidden, "answer": hidden, **row})
    assert evil not in text
    assert "a\\" in text


def test_markup_in_rows_is_text():
    row = {"question": "[red]Q[/red] :smile:", "answer": "[/nothing]", "[bold]": ["[bold]"]}
    text = shown(row)
    for written in ("[red]Q[/red] :smile:", "[/nothing]", "[bold]"):
        assert written in text


@pytest.mark.parametrize("depth", [200, 800, 950])
def test_deeply_nested_rows_are_shown(tmp_path, depth):
    path = tmp_path / "deep.jsonl"
    more = "[" * depth + "]" * depth
    path.write_text(f'{{"question": "Q", "answer": "A", "more": {more}}}')
    text = printed(conversation_panels(read(path), 1))
    assert "[[[[" in text or "nested too deeply" in text


def test_formats_are_listed_without_data(capsys):
    assert main(["show", "--formats"]) == 0
    out = capsys.readouterr().out
    for name in FORMATS:
        assert f"\n{name}  fields:" in out


def test_formats_and_data_are_not_asked_for_together(capsys):
    assert main(["show", "data.jsonl", "--formats"]) == 2
    assert "--formats" in capsys.readouterr().err
