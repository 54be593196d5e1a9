from __future__ import annotations

import datetime as dt
import decimal
import io
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from rich.console import Console
from tests.conftest import write_lines

from spanset.cli import main
from spanset.commands.terminal.panels import (
    WIDE,
    conversation_lines,
    conversation_panels,
    format_panels,
)
from spanset.data.conversation import Conversation
from spanset.data.formats.registry import FORMATS
from spanset.data.reader import read

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


@pytest.mark.parametrize("width", [NARROW, WIDE, 120])
def test_turns_that_are_not_trained_on_are_marked_without_colour_too(width):
    ask, tell = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
    turns = [{**ask, "train": False}, {**tell, "train": False}, ask, {**tell, "train": True}]
    text = shown({"messages": turns}, width)
    assert text.count("not trained on") == 1
    assert "assistant  not trained on (train: false)" in text


def test_both_marks_of_a_turn_of_a_pair_stand_side_by_side():
    tell = {"role": "assistant", "content": "A"}
    pair = {"prompt": "Q", "chosen": [tell], "rejected": [tell, {**tell, "weight": 0}]}
    text = shown(pair, NARROW)
    assert "assistant  ✗ rejected  not trained on (weight: 0)" in text
    assert text.count("not trained on") == 1


def tools_line(tools):
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    understood = shown({"messages": turns, "tools": tools}, NARROW).partition("understood as")[2]
    return next(line.strip() for line in understood.splitlines() if "tools" in line)


def test_tools_are_listed_by_name_above_the_turns():
    tools = [
        {"type": "function", "function": {"name": "look_up", "parameters": {}}},
        {"name": "open_door"},
        {"type": "web_search"},
        {"type": "function", "function": {"name": "\x1b[31m\n[bold]"}},
        {"nothing": 1},
    ]
    line = tools_line(tools)
    assert line == r"tools: look_up, open_door, web_search, \x1b[31m\n[bold], [no name]"


def test_tools_that_are_no_definitions_are_told():
    assert tools_line("no JSON").startswith("no chat template can be given the row: field 'tools'")


def test_a_long_list_of_tools_is_cut():
    tools = [{"name": f"tool_{number}"} for number in range(1000)]
    line, *_ = printed(conversation_lines(Conversation((), tools=tuple(tools))), 400).splitlines()
    assert line.startswith("tools: tool_0, tool_1, ")
    assert len(line.strip()) < 230


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
    with ThreadPoolExecutor(1) as own:  # a stack of its own: depth counts from the runner's else
        text = own.submit(lambda: printed(conversation_panels(read(path), 1))).result()
    assert "[[[[" in text or "nested too deeply" in text


def test_formats_are_listed_without_data(capsys):
    assert main(["show", "--formats"]) == 0
    out = capsys.readouterr().out
    for name in FORMATS:
        assert f"\n{name}  fields:" in out


def test_formats_and_data_are_not_asked_for_together(capsys):
    assert main(["show", "data.jsonl", "--formats"]) == 2
    assert "--formats" in capsys.readouterr().err


OF_TABLES = {
    "date": (pa.date32(), dt.date(2024, 5, 17), "2024-05-17"),
    "time": (pa.time64("us"), dt.time(3, 4, 5), "03:04:05"),
    "timestamp": (pa.timestamp("us"), dt.datetime(2024, 5, 17, 3, 4), "2024-05-17T03:04:00"),
    "zoned": (
        pa.timestamp("ns", "UTC"),
        dt.datetime(2024, 5, 17, tzinfo=dt.timezone.utc),
        "2024-05-17T",
    ),
    "duration": (pa.duration("us"), dt.timedelta(hours=5), "5:00:00"),
    "decimal": (pa.decimal128(5, 2), decimal.Decimal("1.25"), "1.25"),
    "bytes": (pa.binary(), b"\x89PNG\x00", "<5 bytes>"),
    "fixed": (pa.binary(3), b"abc", "<3 bytes>"),
    "large": (pa.large_binary(), b"", "<0 bytes>"),
    "image": (
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        {"bytes": b"12345", "path": "a.png"},
        "<5 bytes>",
    ),
    "nested": (
        pa.list_(pa.list_(pa.list_(pa.list_(pa.list_(pa.date32()))))),
        [[[[[dt.date(2024, 5, 17)]]]]],
        "2024-05-17",
    ),
    "map": (pa.map_(pa.string(), pa.binary()), [("k", b"12")], "<2 bytes>"),
    "number": (pa.float64(), float("nan"), "NaN"),
    "half": (pa.float16(), 1.5, "1.5"),
    "bool": (pa.bool_(), True, "true"),
    "null": (pa.null(), None, "null"),
    "category": (pa.dictionary(pa.int8(), pa.string()), "blue", "blue"),
}


@pytest.mark.parametrize("name", OF_TABLES)
def test_values_that_only_tables_hold_are_shown(tmp_path, capsys, name):
    kind, value, wanted = OF_TABLES[name]
    path = tmp_path / "rows.arrow"
    schema = pa.schema([("question", pa.string()), ("answer", pa.string()), (name, kind)])
    columns = [pa.array(["Q"]), pa.array(["A"]), pa.array([value], kind)]
    table = pa.table(columns, schema=schema)
    with pa.ipc.new_file(path, schema) as writer:
        writer.write_table(table)
    assert main(["show", str(path)]) == 0
    assert wanted in capsys.readouterr().out


HOSTILE = "\x1b[31m:smile:[bold]\u202e"


def test_names_values_and_reasons_do_not_drive_the_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"question": f"Q{number}", "answer": "A", HOSTILE: HOSTILE} for number in range(6)]
    path = tmp_path / f"{HOSTILE.replace('/', '')}.jsonl"
    write_lines(path, [*rows, {"messages": [{"role": HOSTILE, "content": "T"}]}])
    skip = ["--on-bad-row", "skip"]
    assert main(["show", path.name, *skip]) == 0
    assert (
        main(["select", path.name, "-k", "2", "--by", HOSTILE, "-o", f"{HOSTILE}2.jsonl", *skip])
        == 0
    )
    assert main(["show", f"{HOSTILE}-missing.jsonl"]) == 1
    assert main(["show", path.name, f"--{HOSTILE}"]) == 2
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\U0001f604" not in text
        assert ":smile:[bold]" in "".join(text.split())
