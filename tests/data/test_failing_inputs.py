"""Rows that other tools are known to read wrongly, in the shapes of public reports.

Of each: the words that a model learns to write, and what its chat template is given. The rows are
small ones made here; the files that they stand for are read where they are there.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from tests.data.formats.turns import message, said
from tests.places import SHARED

from spanset.data.reader import read

CASES = SHARED / "cases"


class Right(NamedTuple):
    """What is right for a row."""

    answer: str  # what a model learns to write; nothing: the row is left out
    messages: tuple[dict[str, Any], ...]  # as the chat template is given them
    context: tuple[str, ...] = ()  # texts that are read and not learnt
    tools: tuple[dict[str, Any], ...] = ()


def user(text):
    return message("user", text)


def assistant(text, **more):
    return message("assistant", text, **more)


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def tool(name, **more):
    return {"type": "function", "function": {"name": name, **more}}


def of_one_property(name, **kind):
    return {"type": "object", "properties": {name: kind}}


def check(rows, expected):
    """Read rows, and compare each with what is right for it."""
    data = read(rows)
    assert len(expected) == data.total
    left_out = {row.row: row.reason for row in data.empty}
    assert sorted(left_out) == [n for n, right in enumerate(expected) if not right.answer]
    assert set(left_out.values()) <= {"no answer that is trained on"}
    kept = data.ids.tolist()
    for number, conversation in zip(kept, data.conversations(), strict=True):
        right = expected[number]
        assert conversation.answer == right.answer
        assert [turn.message for turn in conversation.turns] == list(right.messages)
        assert conversation.tools == right.tools
        assert conversation.mistake == ""
        for text in right.context:
            assert text in conversation.context.split("\n")
            assert text not in conversation.answer.split("\n")


def written(*calls):
    """Calls as they are among the words."""
    return json.dumps([*calls], ensure_ascii=False)


# Marks


@pytest.mark.parametrize(
    ("mark", "trained"),
    [({"weight": 0}, {"weight": 1}), ({"train": False}, {"train": True})],
    ids=["weight", "train"],
)
@pytest.mark.parametrize("shape", ["messages", "conversations"])
def test_a_wrong_answer_that_is_marked_is_read_and_not_learnt(mark, trained, shape):
    talk = [user("1 + 1?"), assistant("3"), user("Really?"), assistant("2")]
    row = {"messages": [*talk[:1], {**talk[1], **mark}, talk[2], {**talk[3], **trained}]}
    alone = {"messages": [talk[0], {**talk[1], **mark}]}
    if shape == "conversations":
        names = {"user": "human", "assistant": "gpt"}
        row, alone = (
            {
                "conversations": [
                    {**said(names[one["role"]], one["content"]), **extra}
                    for one, extra in zip(talk, [{}, mark, {}, trained][:length], strict=False)
                ]
            }
            for length in (4, 2)
        )
    check([row, alone], [Right("2", tuple(talk), ("3", "Really?")), Right("", ())])


def test_a_list_of_marks_beside_the_turns_leaves_one_answer():
    row = {
        "conversations": [
            said("human", "a"),
            said("gpt", "b"),
            said("human", "c"),
            said("gpt", "d"),
        ],
        "loss_mask": [0, 0, 0, 1],
    }
    messages = (user("a"), assistant("b"), user("c"), assistant("d"))
    check([row], [Right("d", messages, ("a", "b", "c"))])


# Reasoning


@pytest.mark.parametrize("field", ["reasoning_content", "thinking", "reasoning"])
def test_reasoning_reaches_the_template_as_a_field(field):
    told = assistant("9", **{field: "3 + 3 + 3"})
    row = {"messages": [user("3 * 3?"), told]}
    check([row], [Right("3 + 3 + 3\n9", (user("3 * 3?"), told))])


def test_reasoning_between_tags_stays_in_the_text():
    text = "<think>3 + 3 + 3</think>\n9"
    messages = (user("3 * 3?"), assistant(text))
    check([{"messages": [*messages]}], [Right(text, messages)])


# Tools

SCHEMA = of_one_property("place", type="string")


@pytest.mark.parametrize("tools_as_text", [True, False])
@pytest.mark.parametrize("arguments_as_text", [True, False])
@pytest.mark.parametrize("content", [None, ""])
def test_tools_and_calls_reach_the_template_as_structures(
    tools_as_text, arguments_as_text, content
):
    tools = [tool("temperature", parameters=SCHEMA)]
    arguments = {"place": "Bergen", "hour": 9}
    given = call("temperature", json.dumps(arguments) if arguments_as_text else arguments, id="c9")
    row = {
        "messages": [
            user("Cold in Bergen?"),
            assistant(content, tool_calls=[given]),
            message("tool", "4 C", tool_call_id="c9"),
            assistant("Yes."),
        ],
        "tools": json.dumps(tools) if tools_as_text else tools,
    }
    messages = (
        user("Cold in Bergen?"),
        assistant("", tool_calls=[call("temperature", arguments, id="c9")]),
        message("tool", "4 C", tool_call_id="c9"),
        assistant("Yes."),
    )
    check([row], [Right(f"{written(given)}\nYes.", messages, ("4 C",), tuple(tools))])


def test_the_older_functions_are_tools_and_calls_of_them():
    given = {"name": "t", "arguments": '{"place": "Bergen"}'}
    row = {
        "messages": [
            message("system", "s"),
            user("Cold?"),
            assistant(None, function_call=given),
            message("function", "4 C", name="t"),
            assistant("Yes."),
        ],
        "functions": [{"name": "t", "parameters": {}}],
    }
    messages = (
        message("system", "s"),
        user("Cold?"),
        assistant("", tool_calls=[call("t", {"place": "Bergen"})]),
        message("tool", "4 C", name="t"),
        assistant("Yes."),
    )
    tools = (tool("t", parameters={}),)
    check([row], [Right(f"{json.dumps(given)}\nYes.", messages, ("s", "4 C"), tools)])


def test_the_developer_is_known_and_keeps_its_name():
    messages = (message("developer", "Be brief."), user("Hi"), assistant("Hi."))
    check([{"messages": [*messages]}], [Right("Hi.", messages, ("Be brief.",))])


NULLS = {"tool_calls": None, "name": None}
PADDED = {
    "messages": [
        {**user("Cold?"), **NULLS},
        {
            **NULLS,
            **assistant(None, tool_calls=[call("t", {"place": "Bergen", "hour": None})]),
        },
        {**message("tool", "4 C"), **NULLS, "name": "t"},
        {**assistant("Yes."), **NULLS},
    ],
    "tools": [
        tool(
            "t",
            description=None,
            parameters={
                "type": "object",
                "properties": {"place": {"type": "string", "enum": None}, "hour": None},
            },
        )
    ],
}


def test_what_a_table_filled_in_with_null_never_reaches_the_template():
    messages = (
        user("Cold?"),
        assistant("", tool_calls=[call("t", {"place": "Bergen"})]),
        message("tool", "4 C", name="t"),
        assistant("Yes."),
    )
    (conversation,) = read([PADDED]).conversations()
    assert [turn.message for turn in conversation.turns] == list(messages)
    assert conversation.tools == (tool("t", parameters=SCHEMA),)
    assert conversation.answer.endswith("\nYes.")
    assert "null" not in json.dumps([conversation.tools, [t.message for t in conversation.turns]])


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet"])
def test_what_a_table_filled_in_with_null_stays_in_the_row_written(tmp_path, suffix):
    read([PADDED]).write(tmp_path / f"rows{suffix}")
    again = read(tmp_path / f"rows{suffix}")
    assert again.row(0) == PADDED
    again.write(tmp_path / "again.jsonl")
    assert json.loads((tmp_path / "again.jsonl").read_text()) == PADDED


# The files themselves

WEATHER = tool("get_weather", parameters=of_one_property("city", type="string"))
FORMAT = tool("fmt", parameters=of_one_property("time", type="integer"))
OSLO = call("get_weather", {"city": "Oslo", "time": "2025-08-01"}, id="c1")
ADDED = (user("What is 2+2?"), assistant("It is 5."))
SPAIN = "<think>Spain... Madrid</think>\nMadrid"

RIGHT = {
    "weight_zero.jsonl": [
        Right(
            "No, it is 4.",
            (*ADDED, user("Are you sure?"), assistant("No, it is 4.")),
            ("What is 2+2?", "It is 5.", "Are you sure?"),
        ),
        Right("", ()),
    ],
    "train_false.jsonl": [
        Right("It is 4.", (*ADDED, user("Sure?"), assistant("It is 4.")), ("It is 5.", "Sure?")),
    ],
    "loss_mask.jsonl": [
        Right(
            "good answer",
            (user("Q1"), assistant("bad answer one"), user("Q2"), assistant("good answer")),
            ("Q1", "bad answer one", "Q2"),
        )
    ],
    "reasoning.jsonl": [
        Right(
            "17*3 = 51 because 10*3=30 and 7*3=21\n51",
            (
                user("What is 17*3?"),
                assistant("51", reasoning_content="17*3 = 51 because 10*3=30 and 7*3=21"),
            ),
        ),
        Right(
            "Italy's capital is Rome\nRome",
            (user("Capital of Italy?"), assistant("Rome", thinking="Italy's capital is Rome")),
        ),
        Right(SPAIN, (user("Capital of Spain?"), assistant(SPAIN))),
    ],
    "tools.jsonl": [
        Right(
            '[{"type": "function", "id": "c1", "function": {"name": "get_weather", '
            '"arguments": {"city": "Oslo", "time": "2025-08-01"}}}]\nIt is 12 degrees in Oslo.',
            (
                user("Weather in Oslo?"),
                assistant("", tool_calls=[OSLO]),
                message("tool", "12 C", tool_call_id="c1"),
                assistant("It is 12 degrees in Oslo."),
            ),
            ("12 C",),
            (WEATHER,),
        ),
        Right(
            f"{written(call('fmt', json.dumps({'time': 1690876800})))}\nAugust 2023.",
            (
                user("Time at 1690876800?"),
                assistant("", tool_calls=[call("fmt", {"time": 1690876800})]),
                message("tool", "Aug 2023"),
                assistant("August 2023."),
            ),
            ("Aug 2023",),
            (FORMAT,),
        ),
    ],
    "functions.jsonl": [
        Right(
            f"{json.dumps({'name': 'w', 'arguments': json.dumps({'city': 'Rome'})})}\n20 C in Rome",
            (
                message("system", "x"),
                user("Weather?"),
                assistant("", tool_calls=[call("w", {"city": "Rome"})]),
                message("tool", "20 C", name="w"),
                assistant("20 C in Rome"),
            ),
            ("x", "20 C"),
            (tool("w", parameters={}),),
        ),
        Right(
            "hi!",
            (message("developer", "be nice"), user("hi"), assistant("hi!")),
            ("be nice",),
        ),
    ],
    "query_response.jsonl": [
        Right(
            "Hello\nBlue",  # of the history, too
            (
                *(message("system", "Be brief."), user("Hi"), assistant("Hello")),
                *(user("Name a colour."), assistant("Blue")),
            ),
            ("Be brief.", "Hi", "Name a colour."),
        ),
        Right("Plum", (user("Name a fruit."), assistant("Plum"))),
    ],
    "problem_solution.jsonl": [
        Right("6 * 7 = 42", (user("What is 6 * 7?"), assistant("6 * 7 = 42"))),
    ],
    "inputs_targets.jsonl": [
        Right("chat", (user("Translate to French: cat"), assistant("chat"))),
    ],
    "user_assistant.jsonl": [Right("Hi there", (user("Hello"), assistant("Hi there")))],
    "ranked.jsonl": [
        Right("a", (user("p"), assistant("a"))),
        Right("b", (user("p2"), assistant("b"))),
    ],
}
ELSEWHERE = {"null_padded_tools.jsonl"}  # checked below, as its words hold the row's own nulls


def case(name):
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


@pytest.mark.parametrize("name", RIGHT)
def test_a_public_failing_input_is_read_right_and_written_as_it_was(name, tmp_path):
    path = case(name)
    check(path, RIGHT[name])
    data = read(path)
    data.write(tmp_path / "out.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    kept = b"".join(lines[number] for number in data.ids)
    assert (tmp_path / "out.jsonl").read_bytes() == kept


def test_the_public_tools_padded_with_null_are_given_without_and_written_with_them(tmp_path):
    path = case("null_padded_tools.jsonl")
    data = read(path)
    (conversation,) = data.conversations()
    assert [turn.message for turn in conversation.turns] == [
        user("Weather in Oslo?"),
        assistant("", tool_calls=[call("get_weather", {"city": "Oslo"})]),
        message("tool", "12 C", name="get_weather"),
        assistant("12 degrees."),
    ]
    assert conversation.tools == (WEATHER,)
    data.write(tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == path.read_bytes()


def test_every_public_failing_input_has_its_line():
    if not CASES.exists():
        pytest.skip(f"{CASES} is not there")
    assert {path.name for path in CASES.glob("*.jsonl")} == {*RIGHT, *ELSEWHERE}


def test_the_public_ranked_answers_are_pairs_of_best_and_worst_where_pairs_are_asked_for():
    pairs = read(case("ranked.jsonl"), format="preference").conversations()
    sides = [(pair.turns[-1].text, pair.rejected[0].text) for pair in pairs]
    assert sides == [("a", "b"), ("b", "a")]
