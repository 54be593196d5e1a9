from __future__ import annotations

import pytest
from tests.data.formats.turns import spoken

from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError


def said(text, *replies, rank=None, **more):
    """A message of a tree; who speaks is known by the letter: q asks, a answers."""
    role = "prompter" if text.startswith("q") else "assistant"
    ranks = {} if rank is None else {"rank": rank}
    return {"text": text, "role": role, "replies": list(replies), **ranks, **more}


def thread(prompt):
    row = {"message_tree_id": "1", "prompt": prompt}
    assert recognise(row) is FORMATS["oasst"]
    return [turn.text for turn in FORMATS["oasst"].convert(row).turns]


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        (said("q", said("a")), ["q", "a"]),
        (said("q", said("a1", rank=2), said("a2", rank=0), said("a3", rank=1)), ["q", "a2"]),
        (said("q", said("a1"), said("a2")), ["q", "a1"]),
        (said("q", said("a1"), said("a2", rank=3)), ["q", "a2"]),
        (said("q", said("a1", rank=1), said("a2", rank=1)), ["q", "a1"]),
        (said("q", said("a1", rank=0, deleted=True), said("a2", rank=1)), ["q", "a2"]),
        (said("q", said("a", said("q2", said("a2")))), ["q", "a", "q2", "a2"]),
        # The thread ends with its last answer.
        (said("q", said("a", said("q2"))), ["q", "a"]),
        (said("q", said("a", said("q2", said("a2", deleted=True)))), ["q", "a"]),
        # The best reply, not the one with most said after it.
        (said("q", said("a1", rank=0), said("a2", said("q2", said("a3")), rank=1)), ["q", "a1"]),
        # Nobody replied: no answer, which is left out and counted.
        (said("q"), ["q"]),
        (said("q", said("a", deleted=True)), ["q"]),
        (said("q", said("a"), deleted=True), ["q"]),
        ({"text": "q", "role": "prompter", "replies": None}, ["q"]),
    ],
)
def test_thread_of_the_best_replies_is_taken(prompt, texts):
    assert thread(prompt) == texts


def test_tree_deeper_than_the_stack_is_read():
    prompt = said("q0")
    for number in range(1, 5_001):
        prompt = said(f"{'aq'[number % 2]}{5_000 - number}", prompt)
    prompt["text"], prompt["role"] = "q", "prompter"
    assert len(thread(prompt)) > 4_000


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ({"replies": [], "text": "q"}, "prompt.role is missing"),
        (said("q", "a"), r"prompt.replies\[0\] is text, expected an object"),
        ({"role": "user", "text": "q", "replies": 3}, "prompt.replies is a number"),
        (said("q", {"role": "assistant", "text": {}}), "text is an obj"),
    ],
)
def test_what_is_wrong_in_a_tree_names_the_place(prompt, named):
    with pytest.raises(RowError, match=named):
        thread(prompt)


@pytest.mark.parametrize(
    ("instances", "turns"),
    [
        ([{"input": "", "output": "A"}], [("user", "I"), ("assistant", "A")]),
        (
            [{"input": "x", "output": "A"}, {"input": "y", "output": "B"}],
            [("user", "I\nx"), ("assistant", "A"), ("user", "I\ny"), ("assistant", "B")],
        ),
        (
            [{"instruction_with_input": "I of x", "input": "x", "output": "A"}],
            [("user", "I of x"), ("assistant", "A")],
        ),
        ([], [("user", "I")]),
        ('[{"input": "x", "output": "A"}]', [("user", "I\nx"), ("assistant", "A")]),
    ],
)
def test_every_instance_is_an_exchange_under_the_instruction(instances, turns):
    row = {"instruction": "I", "instances": instances}
    assert recognise(row) is FORMATS["instances"]
    assert spoken(FORMATS["instances"].convert(row).turns) == turns


def test_wrong_instance_is_named():
    row = {"instruction": "I", "instances": [{"output": "A"}, {"output": {}}]}
    with pytest.raises(RowError, match=r"instances\[1\]\.output is an object"):
        FORMATS["instances"].convert(row)


def test_text_alone_is_what_the_assistant_writes():
    assert recognise({"text": "T", "url": "u"}) is FORMATS["text"]
    assert spoken(FORMATS["text"].convert({"text": "T"}).turns) == [("assistant", "T")]


@pytest.mark.parametrize("other", ["prompt", "question", "response", "answer", "role"])
def test_text_beside_a_prompt_or_an_answer_is_not_taken_alone(other):
    assert recognise({"text": "T", other: "x"}) is None
