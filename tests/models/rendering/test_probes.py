"""Where a turn's text stands in what a template writes, found by changing the text."""

import re
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanset.models.rendering import probes
from spanset.models.rendering.probes import (
    WORDS,
    DisagreementError,
    of_calls,
    of_content,
    of_turn,
    place_of,
    reasonings,
    shared_start,
)

texts = st.text(max_size=12) | st.sampled_from(["Zqvxk", "Z", "qyzb", " x ", "<b>x</b>", "\n", "é"])
BARE = re.compile(f"(?:{'|'.join(WORDS)})(?: (?:{'|'.join(WORDS)}))*")
SOURCE = "{{ '<|turn|>' }}{% if '</think>' in m %}{% endif %}"


def said(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def find(write, message):
    """The place of a message in what a function writes of it."""
    found = [of_turn(message, SOURCE, number) for number in range(2)]
    return place_of(write, write(message), found)


@given(texts, texts)
def test_shared_start_is_the_common_prefix(one, other):
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    assert shared_start(one, other) == len(list(same))


@given(texts.filter(str.strip))
def test_no_word_shares_an_end_with_the_text_that_it_replaces(text):
    words = [of_content(said(text), "", number)["content"].strip() for number in range(2)]
    for word in words:
        assert BARE.fullmatch(word)
        assert word[0] != text.strip()[0]
        assert word[-1] != text.strip()[-1]
    assert words[0] != words[1]
    assert len(words[1]) > len(text.strip()), "a template may act on long texts only"


def test_lengths_of_words_tell_templates_that_count():
    assert len({len(word) for word in WORDS}) > 1
    for text in ("Z", "k", "x", "Zk"):
        one, other = (of_content(said(text), "", number)["content"] for number in range(2))
        assert len(one) != len(other)


@given(texts, texts, texts)
def test_the_place_is_that_of_the_text_whatever_stands_around(before, text, after):
    place = find(lambda message: f"{before}|{message['content'].strip()}|{after}", said(text))
    start = len(before) + 1
    assert place == (start, start + len(text.strip()))


def test_tags_that_the_template_knows_stay():
    changed = of_content(said("<think>one</think>\n\ntwo <b>three</b>"), SOURCE, 0)["content"]
    assert re.fullmatch(r"<think>one</think>\n\n\w+", changed) is None
    assert changed.startswith(WORDS[0] + "</think>\n\n")  # <think> itself it does not know
    assert "<b>" not in changed


def test_names_of_functions_stay_and_values_of_arguments_go():
    arguments = {
        "text": "x",
        "number": 3,
        "flag": True,
        "list": [1],
        "object": {"a": "b"},
        "no": "",
    }
    before = said("", tool_calls=[call("f", arguments)])
    (changed,) = of_calls(before, SOURCE, 0)["tool_calls"]
    assert changed["function"]["name"] == "f"
    values = changed["function"]["arguments"]
    assert list(values) == list(arguments)
    assert values["no"] == ""
    assert all(values[name] in WORDS for name in ("text", "number", "flag"))
    assert values["list"][0] in WORDS, "a template may go through lists and objects"
    assert values["object"]["a"] in WORDS
    assert before["tool_calls"][0]["function"]["arguments"] == arguments


@pytest.mark.parametrize(
    ("arguments", "written"),
    [('{"a": "x"}', '{"a": "W"}'), ("not json", "W"), ('["x"]', "W")],
)
def test_arguments_that_are_text_stay_text(arguments, written):
    (changed,) = of_calls(said("", tool_calls=[call("f", arguments)]), "", 0)["tool_calls"]
    assert BARE.sub("W", changed["function"]["arguments"]) == written


@pytest.mark.parametrize(
    "message",
    [
        said(""),
        said([]),
        said("", tool_calls=[call("f", {})]),
        said("", tool_calls=[call("f", "")]),
        said("", reasoning_content="", thinking=" "),
    ],
)
def test_where_there_is_nothing_to_replace_something_is_put_in(message):
    one, other = (of_turn(message, SOURCE, number) for number in range(2))
    assert message != one != other != message
    assert one["role"] == "assistant"
    assert type(one["content"]) is type(message["content"])


def test_an_empty_text_has_an_empty_place():
    assert find(lambda message: f"<{message['content']}>", said("")) == (1, 1)


def test_what_is_not_written_has_no_place():
    assert find(lambda message: "nothing", said("x")) is None


@pytest.mark.parametrize(
    "compute",
    [
        lambda text: f"{len(text)}:{text}",
        lambda text: text.upper(),
        lambda text: text[::-1],
        lambda text: "".join(sorted(text)),
        lambda text: str(hash(text)),
        lambda text: text + text[:1],
    ],
)
def test_a_template_that_computes_with_the_text_is_told(compute):
    with pytest.raises(DisagreementError):
        find(lambda message: f"<{compute(message['content'])}>", said("Some answer of some length"))


def test_every_reasoning_has_a_probe_of_its_own():
    message = said("<think>why</think>so<think>how</think>", reasoning_content="because")
    changed = [probe(message, SOURCE, 0) for probe in reasonings(message)]
    assert [one["reasoning_content"] in WORDS for one in changed] == [True, False, False]
    contents = [BARE.sub("W", one["content"]) for one in changed]
    assert contents == [
        message["content"],
        "<think>W</think>so<think>how</think>",
        "<think>why</think>so<think>W</think>",
    ]
    for nothing in (said("so"), said([]), said("<think>\n</think>so", thinking=" ")):
        assert {probe(nothing, SOURCE, 0) is None for probe in reasonings(nothing)} == {True}


def test_parts_are_changed_one_by_one():
    parts = [{"type": "text", "text": text} for text in ("one", "", "two")]
    changed = of_content(said(parts), SOURCE, 0)["content"]
    assert [part["type"] for part in changed] == ["text"] * 3
    assert changed[1] == parts[1]
    assert all(changed[number]["text"] in WORDS for number in (0, 2))
    assert probes.REASONING == ("reasoning_content", "reasoning", "thinking")
