"""What chat templates are given of a turn: its fields as the row has them, in one spelling."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import NAN, message, said

from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.tool_calls import without_nulls
from spanset.data.formats.turns import turn_of

CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
REASONING = ("reasoning_content", "reasoning", "thinking")


def text(value):
    return {"type": "text", "text": value}


def answer(content, **more):
    return turn_of(message("assistant", content, **more), "messages[0]")


# Role and text alone


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (message("user", "Q"), message("user", "Q")),
        (said("human", "Q"), message("user", "Q")),
        (said("observation", "T"), message("tool", "T")),
        ({"role": "Assistant", "text": "A"}, message("assistant", "A")),
        (message("assistant", None), message("assistant", "")),
        ({"role": "assistant"}, message("assistant", "")),
        (message("user", 7), message("user", "7")),
        (message("user", []), message("user", "")),
        (message("user", [None]), message("user", "")),
        (message("assistant", "A", id=1, score=0.5, weight=1), message("assistant", "A")),
    ],
)
def test_a_plain_message_is_role_and_content(given, wanted):
    turn = turn_of(given, "messages[0]")
    assert turn.structure is None, "it would be held, hashed and compared for nothing"
    assert turn.message == wanted


def test_a_message_that_a_table_filled_in_with_null_is_plain():
    nulls = dict.fromkeys((*REASONING, "tool_calls", "function_call", "refusal", "name"))
    nulls |= dict.fromkeys(("tool_call_id", "weight", "train", "masked"))
    assert answer("A", **nulls) == answer("A")


@pytest.mark.parametrize("name", [*REASONING, "tool_calls", "function_call", "name", "refusal"])
@pytest.mark.parametrize("value", ["", [], {}, True, 0, NAN])
def test_fields_that_say_nothing_leave_the_content_as_it_is(name, value):
    turn = answer("A", **{name: value})
    assert turn.text == "A"
    assert turn.message["content"] == "A"
    assert "tool_calls" not in turn.message


@pytest.mark.parametrize("field", ["tool_calls", "function_call", "refusal"])
@pytest.mark.parametrize("value", [None, "", [], {}, True, 1])
def test_fields_that_say_nothing_take_no_other_away(field, value):
    turn = answer("A", reasoning="r", **{field: value})
    assert turn.message == message("assistant", "A", reasoning="r")


# Reasoning


@pytest.mark.parametrize("field", REASONING)
def test_reasoning_stands_under_the_row_s_own_name_for_it(field):
    turn = answer("51", **{field: "17 * 3"})
    assert turn.message == message("assistant", "51", **{field: "17 * 3"})
    assert turn.text == "17 * 3\n51", "for words it is said before the answer"


def test_reasoning_under_two_names_stands_under_both():
    both = {"reasoning": "a", "reasoning_content": "b"}
    assert answer("A", **both).message == message("assistant", "A", **both)


@pytest.mark.parametrize("content", [None, "", []])
def test_reasoning_alone_is_a_message(content):
    turn = answer(content, thinking="t")
    assert turn.message == message("assistant", "", thinking="t")
    assert turn.text == "t"


def test_reasoning_in_the_content_stays_there():
    content = "<think>Spain... Madrid</think>\nMadrid"
    assert answer(content).message == message("assistant", content)


def test_reasoning_is_kept_in_conversations_by_from_and_value():
    row = {"conversations": [said("human", "Q"), {**said("gpt", "A"), "reasoning": "r"}]}
    turns = recognise(row).convert(row).turns
    assert [turn.message for turn in turns] == [
        message("user", "Q"),
        message("assistant", "A", reasoning="r"),
    ]


def test_reasoning_of_a_field_and_of_a_part_are_both_given():
    """In one field or in two, but none is dropped."""
    parts = [{"type": "thinking", "thinking": "two"}, text("A")]
    turn = answer(parts, reasoning_content="one")
    thought = json.dumps([turn.message.get(field) for field in REASONING])
    assert "one" in thought
    assert "two" in thought


# Content parts


@pytest.mark.parametrize(
    ("content", "wanted", "said_in_words"),
    [
        ([text("Q")], [text("Q")], "Q"),
        ([text("a"), text(""), text("b")], [text("a"), text(""), text("b")], "a\n\nb"),
        (["a", text("b")], [text("a"), text("b")], "a\nb"),
        ([{"type": "text", "value": "a"}, None], [text("a")], "a"),
        ([{"text": "a"}], [text("a")], "a"),
        ([{"type": "text", "text": 7}], [text("7")], "7"),
        ([{"type": "text", "text": None}, text("a")], [text("a")], "a"),
        ([{"type": "text", "text": "a", "cache_control": {"x": 1}}], [text("a")], "a"),
        ([{"type": "input_text", "text": "a"}], [text("a")], "a"),
        ([{"type": "refusal", "refusal": "No."}], [text("No.")], "No."),
    ],
)
def test_parts_of_text_stay_a_list(content, wanted, said_in_words):
    turn = answer(content)
    assert turn.message == message("assistant", wanted)
    assert turn.text == said_in_words
    assert turn.unseen == 0


def test_parts_of_unknown_types_are_text_to_a_template():
    part = {"type": "never seen", "payload": {"ü": [1, None]}}
    written = json.dumps(part, ensure_ascii=False)
    assert answer([part, text("A")]).message["content"] == [text(written), text("A")]


@pytest.mark.parametrize(
    "kind",
    ["image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file"],
)
@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
def test_pictures_sounds_and_files_are_passed_over_and_counted(kind, role):
    part = {"type": kind, kind: {"url": "u"}}
    turn = turn_of(message(role, [part, text("A"), part, {"type": kind}]), "messages[0]")
    assert (turn.text, turn.unseen) == ("A", 3)
    assert turn.message == message(role, [text("A")])


def test_a_message_of_pictures_alone_is_empty_and_counted():
    turn = turn_of(message("user", [IMAGE, IMAGE]), "messages[0]")
    assert (turn.text, turn.structure, turn.unseen) == ("", None, 2)


@pytest.mark.parametrize("kind", REASONING)
@pytest.mark.parametrize("key", ["text", "value", None])
def test_parts_of_reasoning_become_a_field(kind, key):
    part = {"type": kind, key or kind: "r"}
    turn = answer([part, text("A")])
    assert turn.message == message("assistant", [text("A")], reasoning_content="r")
    assert turn.text == "r\nA"


def test_several_parts_of_reasoning_become_one_field():
    parts = [{"type": "reasoning", "text": one} for one in ("a", "b")]
    turn = answer([parts[0], text("A"), parts[1]])
    assert turn.message == message("assistant", [text("A")], reasoning_content="a\nb")
    assert turn.text == "a\nA\nb", "words keep their order"
    assert answer(parts).message == message("assistant", "", reasoning_content="a\nb")


@pytest.mark.parametrize("kind", ["tool_call", "function_call"])
@pytest.mark.parametrize(
    "value",
    [
        {"name": "f", "arguments": {"a": 1}},
        '{"name": "f", "arguments": {"a": 1}}',
        '{"name": "f", "arguments": "{\\"a\\": 1}"}',
        '[{"name": "f", "arguments": {"a": 1, "b": null}}]',
        CALL,
    ],
)
def test_parts_that_are_calls_become_tool_calls(kind, value):
    part = {"type": kind, "value": value}
    turn = answer([text("A"), part])
    assert turn.message == message("assistant", [text("A")], tool_calls=[CALL])
    assert turn.text == f"A\n{value if isinstance(value, str) else json.dumps(value)}"
    assert answer([part]).message == message("assistant", "", tool_calls=[CALL])


def test_parts_that_are_calls_come_before_those_of_the_field():
    parts = [{"type": "tool_call", "value": {"name": name}} for name in "ab"]
    turn = answer(parts, tool_calls=[{"name": "c"}])
    names = [call["function"]["name"] for call in turn.message["tool_calls"]]
    assert names == ["a", "b", "c"]


def test_a_part_that_is_no_call_after_all_is_text():
    part = {"type": "tool_call", "value": "weather()"}
    assert answer([part]).message == message("assistant", [text("weather()")])


# Roles and names


@pytest.mark.parametrize("name", ["developer", "Developer"])
@pytest.mark.parametrize("content", ["S", [text("S")]])
def test_developer_is_a_role_of_its_own_to_templates_and_system_to_words(name, content):
    turn = turn_of(message(name, content), "messages[0]")
    assert (turn.role, turn.text) == ("system", "S")
    assert turn.message == message("developer", content)


def test_a_developer_s_turn_stands_in_for_a_system_text_beside_the_list():
    row = {"messages": [message("developer", "D"), message("user", "Q")], "system": "S"}
    turns = FORMATS["messages"].convert(row).turns
    assert [turn.message for turn in turns] == row["messages"]


@pytest.mark.parametrize("speaker", ["function", "ipython", "observation", "function_response"])
def test_every_other_speaker_goes_by_its_role(speaker):
    turn = turn_of(message(speaker, "T", name="f", tool_call_id="c1"), "messages[0]")
    assert turn.message == message("tool", "T", name="f", tool_call_id="c1")
    assert turn.text == "T", "a name is nothing that is said"


@pytest.mark.parametrize("field", ["name", "tool_call_id"])
@pytest.mark.parametrize("value", [None, True, ["f"], {"f": 1}])
def test_a_name_that_is_no_name_is_left_out(field, value):
    assert turn_of(message("tool", "T", **{field: value}), "m").message == message("tool", "T")


def test_a_refusal_is_what_the_assistant_says():
    assert answer(None, refusal="No.").message == message("assistant", "No.")
    assert answer("A", refusal="No.").message == message("assistant", "A\nNo.")
    turn = answer(None, refusal="No.", reasoning="r")
    assert turn.message == message("assistant", "No.", reasoning="r")
    assert turn.text == "r\nNo."


# All of it


names = st.text("fg", min_size=1, max_size=3)
words = st.text("abc ü\n", max_size=5)
bare = st.fixed_dictionaries(
    {"name": names}, optional={"arguments": st.dictionaries(names, words | st.none(), max_size=2)}
)
calls = st.one_of(bare, bare.map(lambda call: {"type": "function", "function": call}))
parts = st.one_of(
    words,
    words.map(text),
    st.sampled_from([IMAGE, {"type": "image"}, None]),
    st.builds(lambda kind, said: {"type": kind, "text": said}, st.sampled_from(REASONING), words),
    calls.map(lambda call: {"type": "tool_call", "value": call}),
)
messages = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "developer", "user", "assistant", "gpt", "function"]),
        "content": st.none() | words | st.lists(parts, max_size=4),
    },
    optional={
        **dict.fromkeys(REASONING, st.none() | words),
        "tool_calls": st.none() | st.lists(calls, max_size=2) | calls.map(json.dumps),
        "function_call": st.none() | calls,
        "name": st.none() | names,
        "tool_call_id": st.none() | names,
        "weight": st.sampled_from([None, 0, 1]),
    },
)


def nulls_in(value):
    if isinstance(value, dict):
        return any(one is None or nulls_in(one) for one in value.values())
    return value is None or (isinstance(value, list) and any(map(nulls_in, value)))


@given(messages)
def test_whatever_a_message_holds_its_template_gets_one_shape(given):
    before = copy.deepcopy(given)
    turn = turn_of(given, "messages[0]")
    got = turn.message
    assert given == before
    assert json.loads(json.dumps(got)) == got, "templates are given nothing but JSON's types"
    assert not nulls_in(got)
    assert list(got)[:2] == ["role", "content"]
    assert set(got) <= {"role", "content", "tool_calls", "name", "tool_call_id", *REASONING}
    content = got["content"]
    if not isinstance(content, str):
        assert content
        assert all(list(part) == ["type", "text"] for part in content)
    for call in got.get("tool_calls", ()):
        assert call["type"] == "function"
        assert isinstance(call["function"]["arguments"], dict)
    # All that a template may write of texts is among the words.
    pieces = [content] if isinstance(content, str) else [part["text"] for part in content]
    pieces += [got[field] for field in REASONING if field in got]
    assert all(line in turn.text for piece in pieces for line in piece.split("\n"))


@given(messages)
def test_the_same_words_are_read_whatever_a_template_is_given(given):
    """Of every text that the message holds, one after the other."""
    told = turn_of(given, "messages[0]")
    content = given["content"]
    texts = [content] if isinstance(content, str) else []
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif part is not None and part["type"] == "tool_call":
            texts.append(json.dumps(without_nulls(part["value"]), ensure_ascii=False))
        elif part is not None and "text" in part:
            texts.append(part["text"])
    said_in_content = "\n".join(texts)
    before = [given[field] for field in REASONING if given.get(field)]
    after = [
        value if isinstance(value, str) else json.dumps(without_nulls(value), ensure_ascii=False)
        for value in (given.get("tool_calls"), given.get("function_call"))
        if value
    ]
    pieces = [*before, *([said_in_content] if said_in_content else []), *after]
    assert told.text == "\n".join(pieces)


@given(messages)
def test_what_a_template_is_given_is_read_as_itself(given):
    """Messages that were written as they are given are given so again."""
    once = turn_of(given, "messages[0]").message
    assert turn_of(once, "messages[0]").message == once
