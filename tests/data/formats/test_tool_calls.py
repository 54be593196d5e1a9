"""Tools and calls of them reach chat templates in one form, however a row writes them."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import message, said, spoken

from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.tool_calls import calls_in, settings_of, tools_of, without_nulls
from spanset.data.reader import read

Q = message("user", "Q")

# Definitions


DEFINITION = {
    "name": "weather",
    "description": "Höhe über null",
    "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["a"]}}},
}
TOOL = {"type": "function", "function": DEFINITION}
PADDED = {
    "type": "function",
    "strict": None,
    "function": {
        **DEFINITION,
        "returns": None,
        "parameters": {
            "type": "object",
            "required": None,
            "properties": {
                "city": {"type": "string", "enum": ["a"], "default": None},
                "unit": None,
            },
        },
    },
}


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [TOOL]},
        {"tools": json.dumps([TOOL])},
        {"tools": "\n " + json.dumps([TOOL], indent=1)},
        {"tools": TOOL},
        {"tools": json.dumps(TOOL)},
        {"tools": [DEFINITION]},
        {"tools": json.dumps([DEFINITION], ensure_ascii=False)},
        {"tools": DEFINITION},
        {"tools": [{"type": "function", **DEFINITION}]},
        {"tools": [PADDED]},
        {"tools": [PADDED["function"]]},
        {"functions": [DEFINITION]},
        {"functions": json.dumps([DEFINITION])},
        {"functions": [TOOL]},
        {"tools": None, "functions": [DEFINITION]},
        {"tools": "", "functions": [DEFINITION]},
        {"tools": [], "functions": [DEFINITION]},
        {"tools": [TOOL], "functions": [{"name": "another"}]},
    ],
    ids=lambda fields: ",".join(f"{name}:{type(one).__name__}" for name, one in fields.items()),
)
def test_a_tool_is_the_same_in_whatever_way_it_is_written(fields):
    assert tools_of(fields) == ((TOOL,), "")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.format)
def test_tools_go_with_the_rows_of_every_format(example):
    format = FORMATS[example.format]
    conversation = format.convert({**example.row, "tools": json.dumps([DEFINITION])})
    assert conversation == format.convert(example.row)._replace(tools=(TOOL,))


def test_tools_go_with_mapped_rows():
    row = {"q": "Q", "a": "A", "tools": [DEFINITION], "chat_template_kwargs": {"think": False}}
    conversation = mapped({"prompt": "q", "answer": "a"}).convert(row)
    assert conversation.tools == (TOOL,)
    assert conversation.settings == (("think", False),)


def test_tools_keep_their_order_and_their_number():
    names = ["c", "a", "b", "a"]
    tools, _ = tools_of({"tools": [{"name": name} for name in names]})
    assert [tool["function"]["name"] for tool in tools] == names


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "web_search"},
        {"type": "web_search", "name": "web_search"},
        {"type": "function", "function": {"name": "f"}, "strict": True},
    ],
)
def test_tools_of_a_provider_s_own_are_left_as_they_are(tool):
    assert tools_of({"tools": [tool]}) == ((tool,), "")


@pytest.mark.parametrize("value", [None, "", [], "[]", " [ ] "])
@pytest.mark.parametrize("name", ["tools", "functions"])
def test_no_tools_are_none(name, value):
    assert tools_of({name: value}) == ((), "")


MISTAKEN = [
    ("a hammer", "text, and not JSON"),
    ('[{"name": "f"', "text, and not JSON"),
    ("[{'name': 'f'}]", "text, and not JSON"),
    (7, "a number, expected a list"),
    (True, "true or false, expected a list"),
    (["f"], "[0] is text, expected a tool definition"),
    ('["f"]', "[0] is text, expected a tool definition"),
    ([[TOOL]], "[0] is a list, expected a tool definition"),
]


@pytest.mark.parametrize("name", ["tools", "functions"])
@pytest.mark.parametrize(("value", "reason"), MISTAKEN)
def test_tools_that_are_none_are_a_mistake_for_templates_and_no_error_for_words(
    name, value, reason
):
    row = {"messages": [Q, message("assistant", "A")], name: value}
    (conversation,) = read([row], on_bad_row="stop", on_empty="error").conversations()
    assert (conversation.answer, conversation.tools) == ("A", ())
    if name == "functions" and value == "a hammer":
        assert not conversation.mistake  # a text of that name is something else
        return
    assert name in conversation.mistake
    assert reason in conversation.mistake


def test_tools_may_be_json_texts_in_a_list_and_padded_with_null():
    assert tools_of({"tools": [json.dumps(TOOL), None, TOOL]}) == ((TOOL, TOOL), "")
    for nothing in ({}, "null", "[]", [None]):
        assert tools_of({"tools": nothing}) == ((), "")


@pytest.mark.parametrize("name", ["parameters", "args", "input"])
def test_arguments_under_another_name_are_arguments(name):
    (call,) = calls_in({"name": "f", name: {"a": 1}})
    assert call == {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    ((tool,), _) = tools_of({"tools": [{"name": "f", "parameters": {"a": 1}}]})
    assert tool["function"] == {"name": "f", "parameters": {"a": 1}}


def test_tools_that_are_right_are_no_mistake():
    row = {"messages": [Q, message("assistant", "A")], "tools": [TOOL]}
    assert recognise(row).convert(row).mistake == ""


# What else a row gives to its template


@pytest.mark.parametrize(
    ("value", "settings"),
    [
        ({"b": 1, "a": [None, {"x": None}], "c": None}, (("a", [None, {}]), ("b", 1))),
        ('{"enable_thinking": false}', (("enable_thinking", False),)),
        ({}, ()),
        (None, ()),
        ("none", ()),
        ([1], ()),
        (True, ()),
    ],
)
def test_settings_are_objects_by_name(value, settings):
    assert settings_of({"chat_template_kwargs": value}) == settings


# Calls

ARGUMENTS = {"city": "Tromsø", "days": [1, None]}
CALL = {"type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
PADDED_ARGUMENTS = {**ARGUMENTS, "unit": None}


def call(arguments, **more):
    return {"type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


@pytest.mark.parametrize(
    "value",
    [
        CALL,
        [CALL],
        json.dumps(CALL),
        json.dumps([CALL]),
        {"name": "weather", "arguments": ARGUMENTS},
        {"name": "weather", "arguments": json.dumps(ARGUMENTS)},
        json.dumps({"name": "weather", "arguments": ARGUMENTS}),
        json.dumps({"name": "weather", "arguments": json.dumps(ARGUMENTS)}),
        call(json.dumps(ARGUMENTS, ensure_ascii=False)),
        call(" " + json.dumps(ARGUMENTS, indent=2)),
        call(PADDED_ARGUMENTS, id=None),
        {"function": {**CALL["function"], "parsed": None}, "type": "function", "index": None},
    ],
)
def test_a_call_is_the_same_in_whatever_way_it_is_written(value):
    assert calls_in(value) == [CALL]


def test_a_call_keeps_its_own_number():
    wanted = [{**CALL, "id": "c1"}]
    assert calls_in({**CALL, "id": "c1"}) == wanted
    assert calls_in({"id": "c1", "name": "weather", "arguments": ARGUMENTS}) == wanted


@pytest.mark.parametrize("arguments", ['{"city": ', "Oslo", "[1, 2]", "{'city': 'Oslo'}", "7"])
def test_arguments_that_are_no_json_object_stay_the_text_they_are(arguments):
    assert calls_in(call(arguments)) == [call(arguments)]


@pytest.mark.parametrize("arguments", [None, "", {}, "{}"])
def test_a_call_without_arguments_has_none(arguments):
    assert calls_in(call(arguments)) == [call({})]
    assert calls_in({"name": "weather"}) == [call({})]


@pytest.mark.parametrize(
    "value",
    [
        *(None, 7, True, "", "Oslo", "weather()", "[]", [], {}, "{}"),
        *([None], ["f"], {"id": 1}, {"name": 3}, {"function": "f"}, {"function": {"name": None}}),
        # All of them or none: a template would leave out the rest.
        [CALL, {"id": 1}],
        [CALL, None],
    ],
)
def test_what_is_no_call_is_none(value):
    assert calls_in(value) == []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


def has_null_keys(value):
    if isinstance(value, dict):
        return None in value.values() or any(map(has_null_keys, value.values()))
    return isinstance(value, list) and any(map(has_null_keys, value))


@given(values)
def test_only_the_keys_that_are_null_are_dropped(value):
    before = copy.deepcopy(value)
    got = without_nulls(value)
    assert not has_null_keys(got)
    assert value == before, "rows are written back as they were"
    if not has_null_keys(value):
        assert got == value
    if isinstance(value, list):
        assert len(got) == len(value), "a null in a list is a value"


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_arguments_are_the_same_as_an_object_and_as_text(arguments):
    (as_object,), (as_text,) = calls_in(call(arguments)), calls_in(call(json.dumps(arguments)))
    assert as_object == as_text == call(without_nulls(arguments))


# In messages


def structures(row):
    return [turn.message for turn in recognise(row).convert(row).turns]


def test_the_older_functions_of_openai_become_tools():
    row = {
        "messages": [
            Q,
            message("assistant", None, function_call={"name": "weather", "arguments": "{}"}),
            message("function", "20 C", name="weather"),
            message("assistant", "20 C."),
        ],
        "functions": [DEFINITION],
    }
    conversation = recognise(row).convert(row)
    assert structures(row) == [
        Q,
        {"role": "assistant", "content": "", "tool_calls": [call({})]},
        {"role": "tool", "content": "20 C", "name": "weather"},
        {"role": "assistant", "content": "20 C."},
    ]
    assert [turn.role for turn in conversation.turns] == ["user", "assistant", "tool", "assistant"]
    assert conversation.tools == (TOOL,)


@pytest.mark.parametrize("calls", [[CALL, CALL], json.dumps([CALL, CALL])])
def test_calls_stand_beside_what_is_said(calls):
    row = {"messages": [Q, message("assistant", "Let me look.", tool_calls=calls)]}
    said = {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL, CALL]}
    assert structures(row) == [Q, said]


def test_answers_of_tools_keep_the_call_that_they_answer():
    told = message("tool", "12 C", tool_call_id="c1", name="weather")
    assert structures({"messages": [told]}) == [told]


@pytest.mark.parametrize("calls", [[{"id": 1}], "weather()", [CALL, {"id": 1}], {"name": 3}])
def test_calls_that_no_template_reads_are_said_in_the_text(calls):
    row = {"messages": [Q, message("assistant", "A", tool_calls=calls)]}
    (turn,) = recognise(row).convert(row).turns[1:]
    written = calls if isinstance(calls, str) else json.dumps(calls, ensure_ascii=False)
    assert turn.message == {"role": "assistant", "content": f"A\n{written}"}


def test_one_call_that_no_template_reads_keeps_all_of_the_message_in_the_text():
    """A template that was given the other call would leave this one out."""
    row = {"messages": [message("assistant", "A", tool_calls=[CALL], function_call={"id": 1})]}
    (turn,) = recognise(row).convert(row).turns
    assert turn.message == {**message("assistant", 'A\n{"id": 1}'), "tool_calls": [CALL]}
    assert turn.text == f'A\n{json.dumps([CALL], ensure_ascii=False)}\n{{"id": 1}}'


# Speakers whose text is a call


BARE = json.dumps({"name": "weather", "arguments": ARGUMENTS})
OTHER = json.dumps({"name": "clock", "arguments": "{}"})
CLOCK = {"type": "function", "function": {"name": "clock", "arguments": {}}}


def assistant(text, *calls):
    return {"role": "assistant", "content": text, **({"tool_calls": [*calls]} if calls else {})}


@pytest.mark.parametrize("caller", ["function_call", "tool_call", "Function_Call"])
@pytest.mark.parametrize("field", ["conversations", "messages"])
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ([("?", BARE)], [assistant("", CALL)]),
        ([("?", json.dumps([CALL, CLOCK]))], [assistant("", CALL, CLOCK)]),
        # Calls belong to what is said right before, and to one another.
        ([("assistant", "A"), ("?", BARE)], [assistant("A", CALL)]),
        ([("?", BARE), ("?", OTHER)], [assistant("", CALL, CLOCK)]),
        ([("assistant", "A"), ("?", BARE), ("?", OTHER)], [assistant("A", CALL, CLOCK)]),
        ([("assistant", "A"), ("?", "no call")], [assistant("A"), assistant("no call")]),
        ([("?", BARE), ("?", "no call")], [assistant("", CALL), assistant("no call")]),
        # Nothing else is one with what stands before it.
        ([("?", BARE), ("assistant", "A")], [assistant("", CALL), assistant("A")]),
        ([("assistant", "A"), ("assistant", "B")], [assistant("A"), assistant("B")]),
        (
            [("?", BARE), ("tool", "dry"), ("?", OTHER)],
            [assistant("", CALL), message("tool", "dry"), assistant("", CLOCK)],
        ),
        (
            [("assistant", "A"), ("user", "R"), ("?", BARE)],
            [assistant("A"), message("user", "R"), assistant("", CALL)],
        ),
    ],
)
def test_what_a_caller_says_are_calls_of_the_assistant(field, caller, said, wanted):
    speaker, key = ("from", "value") if field == "conversations" else ("role", "content")
    messages = [{speaker: caller if who == "?" else who, key: text} for who, text in said]
    assert structures({field: [{speaker: "user", key: "Q"}, *messages]}) == [Q, *wanted]


def test_only_callers_are_one_with_the_turn_before_them():
    row = {"messages": [message("assistant", "A"), message("assistant", None, tool_calls=[CALL])]}
    assert structures(row) == [assistant("A"), assistant("", CALL)]


def test_what_was_several_turns_says_all_of_them():
    row = {"conversations": [said("gpt", "A"), said("function_call", BARE), said("gpt", "B")]}
    turns = recognise(row).convert(row).turns
    assert spoken(turns) == [("assistant", f"A\n{BARE}"), ("assistant", "B")]


@pytest.mark.parametrize(
    ("mask", "answer", "untrained"),
    [
        ([1, 1, 1, 1], f"A\n{BARE}\n{OTHER}", ["", ""]),
        ([0, 0, 0, 0], "", ["", "loss_mask: 0"]),
        ([1, 0, 1, 1], f"{BARE}\n{OTHER}", ["", "loss_mask: 0", ""]),
        ([1, 1, 0, 1], f"A\n{OTHER}", ["", "", "loss_mask: 0", ""]),
        ([1, 1, 0, 0], "A", ["", "", "loss_mask: 0"]),
    ],
)
def test_calls_that_are_trained_on_otherwise_than_the_turn_before_stay_apart(
    mask, answer, untrained
):
    """The list has a value for every message of the row, whatever becomes one turn."""
    calls = [said("function_call", BARE), said("function_call", OTHER)]
    row = {"conversations": [said("human", "Q"), said("gpt", "A"), *calls], "loss_mask": mask}
    conversation = recognise(row).convert(row)
    assert conversation.answer == answer
    assert [turn.untrained for turn in conversation.turns] == untrained


def test_callers_are_known_in_the_sides_of_a_pair_and_in_completions():
    calls = [message("assistant", "A"), message("tool_call", BARE)]
    pair = {"prompt": [Q], "chosen": calls, "rejected": [message("assistant", "B")]}
    conversation = recognise(pair).convert(pair)
    assert [turn.message for turn in conversation.turns] == [Q, assistant("A", CALL)]
    assert structures({"prompt": [Q], "completion": calls}) == [Q, assistant("A", CALL)]


@pytest.mark.parametrize("role", [None, 3])
def test_a_second_name_of_the_speaker_that_says_nothing_does_no_harm(role):
    """As tables fill it in, where other rows have it."""
    row = {
        "conversations": [
            {"from": "human", "value": "Q", "role": role},
            {"from": "function_call", "value": BARE, "role": role},
        ]
    }
    assert structures(row) == [Q, assistant("", CALL)]


said_by = st.tuples(
    st.sampled_from(["human", "gpt", "function_call", "tool_call", "observation"]),
    st.sampled_from(["A", "", BARE, OTHER, "[]", "{}", "no call"]),
)


@given(st.lists(said_by, min_size=1, max_size=8))
def test_no_word_is_lost_or_moved_where_turns_become_one(turns):
    row = {"conversations": [said(sender, text) for sender, text in turns]}
    conversation = recognise(row).convert(row)
    assert [word for word in conversation.text.split("\n") if word] == [t for _, t in turns if t]
    called = [text for sender, text in turns if sender.endswith("call") and text in (BARE, OTHER)]
    calls = [one for turn in conversation.turns for one in turn.message.get("tool_calls", ())]
    assert calls == [one for text in called for one in calls_in(text)]


# Rows as they are


def test_rows_are_written_back_as_they_came(tmp_path):
    nulls = {"tool_calls": None, "name": None}
    rows = [
        {
            "messages": [
                {**Q, **nulls},
                {"role": "assistant", "content": None, "tool_calls": [call(PADDED_ARGUMENTS)]},
                {**message("tool", "dry"), **nulls},
                {**message("assistant", "A"), **nulls},
            ],
            "tools": [PADDED],
            "chat_template_kwargs": {"think": None},
        },
        {"messages": [Q, message("assistant", "A")], "tools": "no JSON"},
        {"messages": [Q, message("assistant", None, function_call={"name": "f"})]},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "rows.jsonl").write_text(text)
    data = read(tmp_path / "rows.jsonl")
    list(data.conversations())
    data.write(tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == text
    assert list(data.rows()) == rows


def test_rows_in_memory_are_not_changed_by_being_read():
    rows = [
        {"messages": [Q, message("assistant", "A", tool_calls=[call(PADDED_ARGUMENTS)])]},
        {"messages": [Q, message("assistant", "A")], "tools": [PADDED]},
    ]
    before = copy.deepcopy(rows)
    list(read(rows).conversations())
    assert rows == before


def test_a_table_fills_in_nulls_and_templates_are_given_the_same(tmp_path):
    rows = [
        {"messages": [Q, message("assistant", "A", tool_calls=[one])], "tools": [tool]}
        for one, tool in (
            (call({"city": "Oslo"}), {"name": "f", "parameters": {"a": {"type": "string"}}}),
            (call({"day": 3}, id="c1"), {"name": "g", "parameters": {"b": {"enum": ["x"]}}}),
        )
    ]
    data = read(rows)
    data.write(tmp_path / "rows.parquet")
    again = read(tmp_path / "rows.parquet")
    assert again.row(0) != rows[0], "the table holds a null for every key of another row"
    for one, other in zip(data.conversations(), again.conversations(), strict=True):
        assert [turn.message for turn in one.turns] == [turn.message for turn in other.turns]
        assert one.tools == other.tools


@pytest.mark.parametrize(
    "row_of",
    [
        lambda deep: {"messages": [Q, message("assistant", "A")], "tools": [deep]},
        lambda deep: {"messages": [Q, message("assistant", "A")], "tools": json.dumps([deep])},
        lambda deep: {
            "messages": [Q, message("assistant", "A")],
            "chat_template_kwargs": deep,
        },
        lambda deep: {"messages": [Q, message("assistant", "A", tool_calls=[call(deep)])]},
        lambda deep: {
            "messages": [Q, message("assistant", "A", tool_calls=[call(json.dumps(deep))])]
        },
    ],
    ids=["tools", "tools as text", "settings", "arguments", "arguments as text"],
)
def test_what_is_nested_deeply_does_not_stop_the_reading(tmp_path, row_of):
    """JSON is still read to this depth: the row may be refused, the others are read."""
    deep = {"name": "f"}
    for _ in range(700):
        deep = {"name": "f", "a": deep}
    rows = [{"messages": [Q, message("assistant", "A")]}, row_of(deep)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = read(tmp_path / "rows.jsonl", on_bad_row="skip")
    assert len(data) + len(data.bad) == 2
