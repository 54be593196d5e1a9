from __future__ import annotations

import json

import pytest
from tests.data.formats.turns import EXCHANGE, spoken, turns_of

from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError


def text_of(message):
    """Text of one message of the assistant, in both spellings."""
    (turn,) = FORMATS["messages"].convert({"messages": [{"role": "assistant", **message}]}).turns
    return turn.text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"type": "reasoning", "value": "think"}, "think"),
        ({"type": "reasoning", "text": "think"}, "think"),
        ({"type": "thinking", "thinking": "think"}, "think"),
        ({"type": "tool_call", "value": '{"name": "f"}'}, '{"name": "f"}'),
        ({"type": "tool_call", "value": {"name": "ü"}}, '{"name": "ü"}'),
        (
            {"type": "tool_use", "name": "f", "input": {"a": 1}},
            '{"type": "tool_use", "name": "f", "input": {"a": 1}}',
        ),
        ({"type": "never seen", "payload": 7}, '{"type": "never seen", "payload": 7}'),
    ],
)
def test_nothing_that_stands_in_a_part_is_lost(part, text):
    assert text_of({"content": [part, {"type": "text", "text": "A"}]}) == f"{text}\nA"


@pytest.mark.parametrize("kind", ["image", "image_url", "input_audio", "video", "file"])
def test_pictures_and_sound_are_no_text(kind):
    assert (
        text_of({"content": [{"type": kind, kind: "DATA"}, {"type": "text", "text": "A"}]}) == "A"
    )


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        ({"reasoning_content": "think"}, "think\nA"),
        ({"thinking": "think"}, "think\nA"),
        ({"tool_calls": [{"id": 1}]}, 'A\n[{"id": 1}]'),
        ({"tool_calls": '[{"id": 1}]'}, 'A\n[{"id": 1}]'),
        ({"function_call": {"name": "f"}}, 'A\n{"name": "f"}'),
        ({"reasoning": "think", "function_call": {"name": "f"}}, 'think\nA\n{"name": "f"}'),
        ({"tool_calls": [], "function_call": None, "reasoning": "", "thinking": True}, "A"),
        ({"loss_weight": 1.0, "name": "bot"}, "A"),
    ],
)
def test_what_stands_beside_the_content_is_part_of_the_turn(extra, text):
    assert text_of({"content": "A", **extra}) == text


def test_call_without_a_content_is_what_the_assistant_says():
    assert text_of({"tool_calls": [{"id": 1}]}) == '[{"id": 1}]'
    assert text_of({"function_call": {"name": "f"}}) == '{"name": "f"}'


@pytest.mark.parametrize("field", ["messages", "conversations"])
@pytest.mark.parametrize("speaker", ["role", "from"])
@pytest.mark.parametrize("said", ["content", "value", "text"])
def test_messages_are_read_in_either_spelling(field, speaker, said):
    row = {field: [{speaker: "user", said: "Q"}, {speaker: "assistant", said: "A"}]}
    format = recognise(row)
    assert spoken(format.convert(row).turns) == EXCHANGE


@pytest.mark.parametrize("field", ["messages", "conversations"])
def test_list_may_come_as_json_text(field):
    row = {field: json.dumps([{"role": "user", "content": "Q"}])}
    assert turns_of(row) == [("user", "Q")]


def test_list_as_python_writes_it_is_named_as_what_it_is():
    row = {"messages": "[{'role': 'user', 'content': 'Q'}]"}
    with pytest.raises(RowError, match="starts like a list, but is not JSON"):
        FORMATS["messages"].convert(row)


@pytest.mark.parametrize("text", ['[{"a": 1}]', "[1, 2]", '{"role": ', "[]", '{"a": 1}', "[link]"])
def test_text_that_looks_like_json_stays_text_where_text_may_stand(text):
    row = {"prompt": text, "completion": text}
    assert turns_of(row) == [("user", text), ("assistant", text)]


def test_prompt_may_come_as_json_text_of_messages():
    row = {"prompt": '[{"role": "user", "content": "Q"}]', "completion": "A"}
    assert turns_of(row) == EXCHANGE


def test_history_may_come_as_json_text():
    row = {"instruction": "Q", "output": "A", "history": '[["q", "a"]]'}
    assert len(recognise(row).convert(row).turns) == 4
    assert len(recognise(row).convert({**row, "history": "[]"}).turns) == 2


def test_tools_are_not_part_of_the_turns():
    row = {"conversations": [{"from": "human", "value": "Q"}], "tools": '[{"name": "f"}]'}
    assert recognise(row).convert(row).text == "Q"


def test_null_fields_count_as_missing_where_others_make_a_format():
    nothing = dict.fromkeys(("messages", "conversations", "chosen", "rejected", "label"))
    row = {**nothing, "instruction": "Q", "output": None, "response": "A"}
    assert recognise(row) is FORMATS["alpaca"]
    assert FORMATS["alpaca"].convert(row).answer == "A"
    assert recognise({"messages": None}) is FORMATS["messages"]


@pytest.mark.parametrize(
    "text",
    [
        '{"role": "Data Transformer", "input": "CSV"}',
        '[{"role": "Story Generator", "content": "..."}]',
        '{"role": "user"}',
        '[{"role": "user", "content": "Q"}, {"rule": 1}]',
        "[]",
        "[1, 2]",
        "{}",
    ],
)
def test_a_prompt_that_only_looks_like_messages_is_text(text):
    row = {"prompt": text, "completion": "A"}
    assert turns_of(row) == [("user", text), ("assistant", "A")]


@pytest.mark.parametrize(("name", "role"), [("ipython", "tool"), ("bot", "assistant")])
def test_speakers_of_llama_and_of_chat_bots_are_known(name, role):
    row = {"messages": [{"role": name, "content": "T"}]}
    assert turns_of(row) == [(role, "T")]
