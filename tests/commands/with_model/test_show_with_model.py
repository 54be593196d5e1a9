"""`spanset show --model`: what the model reads, and what its chat template has no place for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.with_model.model_commands import SHOW, template
from tests.conftest import write_lines
from tests.models.model_folder import talk_rows
from tests.models.tiny_models import CHATML

from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.sides import sides_of

ASK = {"role": "user", "content": "Say one"}
TELL = {"role": "assistant", "content": "One."}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
CALL = {"type": "function", "function": {"name": "look", "arguments": {"n": 1}}}
PAIR = {"prompt": [ASK], "chosen": [TELL], "rejected": [{**TELL, "content": "Eleven, or so."}]}
PARTS = (  # contents are lists of parts, the arguments of calls texts
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% for part in m['content'] %}{{ part['text'] }}{% endfor %}"
    "{% for call in m['tool_calls'] or [] %}"
    "{{ call['function']['name'] + ' ' + call['function']['arguments'] }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture
def records(spanset):
    """Runs the command; what it prints of these rows, an object a line."""

    def run(rows, *flags):
        write_lines(Path("d.jsonl"), rows)
        ended = spanset.run(*SHOW, "--json", *flags)
        assert (ended.code, ended.err) == (0, "")
        return [json.loads(line) for line in ended.out.split("\n")[:-1]]

    return run


def tokens_of(conversation):
    renderer = LanguageModel.load("m", ModelConfig(model="m")).renderer
    return [token._asdict() for token in renderer.tokens(conversation)]


def test_tokens_are_those_that_the_model_is_given(records):
    rows = talk_rows(2)
    found = records(rows)
    assert list(found[0]) == ["source", "line", "format", "messages", "tools", "tokens"]
    for record, talk in zip(found, read(rows).conversations(), strict=True):
        assert record["tokens"] == tokens_of(talk)
        trained = [one for one in record["tokens"] if one["supervised"]]
        assert "".join(one["text"] for one in trained) == f"{talk.answer}<|im_end|>"


@pytest.mark.parametrize(
    ("pair", "names"),
    [
        ("difference", ["tokens", "rejected_tokens"]),
        ("chosen", ["tokens"]),
        ("rejected", ["rejected_tokens"]),
    ],
)
def test_of_pairs_there_are_the_tokens_of_the_sides_that_are_taken(records, pair, names):
    (record,) = records([PAIR], "--pair", pair)
    assert list(record)[3:] == ["messages", "tools", "shared", "rejected", *names]
    sides = sides_of(read([PAIR]).conversation(0), "difference")
    for name, side in zip(("tokens", "rejected_tokens"), sides, strict=True):
        assert record.get(name) == (tokens_of(side) if name in names else None)


def test_a_row_without_the_side_that_is_taken_says_so(records):
    (record,) = records([{"messages": [ASK, TELL]}], "--pair", "rejected")
    assert "rejected side" in record["error"]
    assert "tokens" not in record


def test_messages_have_the_form_that_the_template_takes(records):
    template(PARTS)(Path("m"))
    called = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    pair = {"prompt": [ASK], "chosen": [TELL], "rejected": [called]}
    first, second = records([pair, {"messages": [ASK, TELL]}], "--format", "preference",
                            "--on-bad-row", "skip")  # fmt: skip
    assert first["messages"][1]["content"] == [{"type": "text", "text": "One."}]
    (said,) = first["rejected"]
    assert said["content"] == []
    assert json.loads(said["tool_calls"][0]["function"]["arguments"]) == {"n": 1}
    assert said["trained"] is True
    assert "error" in second


REFUSING = (
    "{% if 'zero' in messages[-1]['content'] %}{{ raise_exception('no zero') }}{% endif %}" + CHATML
)


def test_a_row_that_the_template_refuses_has_the_reason_and_its_messages(records):
    template(REFUSING)(Path("m"))
    zero = {**TELL, "content": "It is zero."}
    rows = [{"messages": [ASK, zero]}, {"messages": [ASK, TELL]}]
    refused, fine = records(rows)
    assert "no zero" in refused["error"]
    assert "tokens" not in refused
    assert refused["messages"][1]["content"] == "It is zero."
    assert "tokens" in fine


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_pair_with_a_side_that_is_refused_has_no_tokens(records, side):
    template(REFUSING)(Path("m"))
    (record,) = records([{**PAIR, side: [{**TELL, "content": "It is zero."}]}])
    assert "no zero" in record["error"]
    assert not {"tokens", "rejected_tokens"} & record.keys()


@pytest.mark.parametrize(
    "more",
    [{"tools": "no JSON"}, {"tools": [7]}, {"chat_template_kwargs": {"messages": []}}],
    ids=["text", "number", "reserved"],
)
def test_what_no_template_can_be_given_is_the_reason(records, spanset, more):
    (record,) = records([{"messages": [ASK, TELL], **more}])
    assert next(iter(more)) in record["error"]
    assert [one["content"] for one in record["messages"]] == ["Say one", "One."]
    ended = spanset.run(*SHOW)
    assert ended.code == 0
    assert record["error"] in " ".join(ended.out.split())


def test_what_the_template_has_no_place_for_is_told(records, spanset):
    called = {**TELL, "reasoning_content": "Hm.", "tool_calls": [CALL]}
    rows = [
        {"messages": [ASK, called], "tools": [TOOL]},
        {"messages": [ASK, TELL], "tools": [TOOL]},
        {"messages": [ASK, TELL]},
    ]
    dropped = [record.get("dropped") for record in records(rows)]
    assert dropped == [
        ["definitions of tools", "tool calls", "reasoning (reasoning_content)"],
        ["definitions of tools"],
        None,
    ]
    out = " ".join(spanset.run(*SHOW).out.split())
    assert "no place for definitions of tools: 2 rows read without, of 3 shown" in out
    assert "no place for tool calls: 1 row read without, of 3 shown" in out
    first = " ".join(spanset.run(*SHOW, "-n", "1").out.split())
    assert "no place for definitions of tools: 1 row read without, of 1 shown" in first


@pytest.mark.parametrize(("pair", "told"), [("difference", True), ("chosen", False)])
def test_what_is_dropped_is_that_of_the_sides_that_are_taken(records, pair, told):
    called = {"role": "assistant", "content": "Look.", "tool_calls": [CALL]}
    (record,) = records([{**PAIR, "rejected": [called]}], "--pair", pair)
    assert record.get("dropped") == (["tool calls"] if told else None)


def test_of_plain_rows_nothing_is_dropped(spanset):
    assert "no place for" not in spanset.run(*SHOW).out
