from __future__ import annotations

import json

import pytest
from tests.data.formats.turns import spoken

from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError

Q = {"role": "user", "content": "Q"}
A = {"role": "assistant", "content": "A"}
B = {"role": "assistant", "content": "B"}
S = {"role": "system", "content": "S"}
MORE = [{"role": "assistant", "content": "q?"}, {"role": "user", "content": "yes"}]


def said(sender, value):
    return {"from": sender, "value": value}


def pair_of(row):
    """Prompt, chosen and rejected, each as (role, text), of a row that must be a pair."""
    assert recognise(row) is FORMATS["preference"]
    return parts_of(FORMATS["preference"].convert(row))


def parts_of(conversation):
    turns, rejected = spoken(conversation.turns), spoken(conversation.rejected)
    return turns[: conversation.shared], turns[conversation.shared :], rejected


ONE = ([("user", "Q")], [("assistant", "A")], [("assistant", "B")])


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q", "chosen": "A", "rejected": "B"},
        {"prompt": [Q], "chosen": [A], "rejected": [B]},
        {"prompt": "Q", "chosen": [A], "rejected": [B]},
        {"prompt": [Q], "chosen": A, "rejected": B},
        {"chosen": [Q, A], "rejected": [Q, B]},
        {"prompt": "Q", "chosen": [Q, A], "rejected": [Q, B]},
        {"prompt": "Q\n", "chosen": [Q, A], "rejected": [Q, B]},
        {"prompt": "", "chosen": [Q, A], "rejected": [Q, B]},
        {"prompt": None, "chosen": [Q, A], "rejected": [Q, B]},
        {"prompt": "Q", "messages": [Q, A], "chosen": [Q, A], "rejected": [Q, B]},
        {"messages": [Q, A], "chosen": [Q, A], "rejected": [Q, B]},
        {"messages": [Q], "chosen": A, "rejected": B},
        {"messages": [Q], "chosen": [A], "rejected": [B]},
        {"messages": [Q], "chosen": "A", "rejected": "B"},
        {"conversations": [said("human", "Q")], "chosen": "A", "rejected": "B"},
        {
            "conversations": [said("human", "Q")],
            "chosen": said("gpt", "A"),
            "rejected": said("gpt", "B"),
        },
        {"chosen_messages": [Q, A], "rejected_messages": [Q, B]},
        {"chosen": None, "rejected": None, "chosen_messages": [Q, A], "rejected_messages": [Q, B]},
        {"instruction": "Q", "chosen": "A", "rejected": "B"},
        {"instruction": "Q", "input": "", "output": "C", "chosen": "A", "rejected": "B"},
        {"input": "Q", "chosen": "A", "rejected": "B"},
        {"question": "Q", "answer": "C", "chosen": "A", "rejected": "B"},
        {"question": "Q", "response_chosen": "A", "response_rejected": "B"},
        {
            "question": "Q",
            "system": "",
            "history": [],
            "response_chosen": "A",
            "response_rejected": "B",
        },
        {"instruction": "Q", "chosen_response": "A", "rejected_response": "B"},
        {"instruction": "Q", "output": ["A", "B"]},
        {"chosen": "\n\nHuman: Q\n\nAssistant: A", "rejected": "\n\nHuman: Q\n\nAssistant: B"},
        {"prompt": "\n\nHuman: Q\n\nAssistant:", "chosen": " A", "rejected": " B"},
        {
            "prompt": "\n\nHuman: Q\n\nAssistant:",
            "chosen": "\n\nHuman: Q\n\nAssistant: A",
            "rejected": "\n\nHuman: Q\n\nAssistant: B",
        },
        {"prompt": "Q", "chosen": json.dumps([Q, A]), "rejected": json.dumps([Q, B])},
        {"messages": json.dumps([Q]), "chosen": json.dumps(A), "rejected": json.dumps(B)},
    ],
    ids=lambda row: ",".join(f"{name}:{type(value).__name__}" for name, value in row.items()),
)
def test_one_exchange_in_any_shape_is_the_same_pair(row):
    stripped = [[(role, text.strip()) for role, text in part] for part in pair_of(row)]
    assert stripped == list(ONE)


def test_instruction_and_input_are_the_prompt_of_a_pair():
    row = {"instruction": "Q", "input": "I", "chosen": "A", "rejected": "B"}
    assert pair_of(row)[0] == [("user", "Q\nI")]
    row = {"instruction": "Q", "input": "I", "output": ["A", "B"]}
    assert pair_of(row)[0] == [("user", "Q\nI")]


def test_system_text_and_history_come_before_the_prompt_of_a_pair():
    row = {
        "system": "S",
        "history": [["q", "a"]],
        "question": "Q",
        "response_chosen": "A",
        "response_rejected": "B",
    }
    before = [("system", "S"), ("user", "q"), ("assistant", "a"), ("user", "Q")]
    assert pair_of(row) == (before, *ONE[1:])


def test_system_text_that_the_sides_hold_is_not_doubled():
    row = {"system": "S", "prompt": "Q", "chosen": [S, Q, A], "rejected": [S, Q, B]}
    assert pair_of(row) == ([("system", "S"), ("user", "Q")], *ONE[1:])


def test_prompt_that_the_sides_do_not_hold_is_kept():
    row = {"prompt": "context", "chosen": [Q, A], "rejected": [Q, B]}
    assert pair_of(row) == ([("user", "context"), ("user", "Q")], *ONE[1:])


@pytest.mark.parametrize(
    "prompt",
    ["User: q\nAssistant: a\nUser: Q", [{"role": "user", "content": "q ... Q"}]],
)
def test_prompt_beside_whole_dialogues_is_not_read_twice(prompt):
    texts = [("user", "q"), ("assistant", "a"), ("user", "Q")]
    before = [{"role": role, "content": text} for role, text in texts]
    chosen = [*before, {"role": "assistant", "content": "A"}]
    rejected = [*before, {"role": "assistant", "content": "B"}]
    row = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    said = FORMATS["preference"].convert(row)
    assert spoken(said.turns) == [*texts, ("assistant", "A")]
    assert said.shared == 3


def test_system_turn_of_a_prompt_is_kept_above_sides_that_lack_it():
    system = {"role": "system", "content": "S"}
    asked = {"role": "user", "content": "Q"}
    sides = {
        "chosen": [asked, {"role": "assistant", "content": "A"}],
        "rejected": [asked, {"role": "assistant", "content": "B"}],
    }
    said = FORMATS["preference"].convert({"prompt": [system, asked], **sides})
    assert [turn.text for turn in said.turns] == ["S", "Q", "A"]


def test_sides_that_go_on_after_an_answer_keep_the_prompt():
    prompt = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    asked = {"role": "user", "content": "Q"}
    sides = {
        "chosen": [asked, {"role": "assistant", "content": "A"}],
        "rejected": [asked, {"role": "assistant", "content": "B"}],
    }
    said = FORMATS["preference"].convert({"prompt": prompt, **sides})
    assert [turn.text for turn in said.turns] == ["q", "a", "Q", "A"]


def test_longest_common_beginning_is_the_prompt():
    row = {"prompt": [Q], "chosen": [*MORE, A], "rejected": [*MORE, B]}
    prompt, chosen, rejected = pair_of(row)
    assert [text for _, text in prompt] == ["Q", "q?", "yes"]
    assert (chosen, rejected) == ONE[1:]


def test_sides_may_differ_early_and_in_length():
    prompt, chosen, rejected = pair_of({"chosen": [Q, *MORE, A], "rejected": [Q, B]})
    assert prompt == [("user", "Q")]
    assert [text for _, text in chosen] == ["q?", "yes", "A"]
    assert rejected == [("assistant", "B")]


@pytest.mark.parametrize("longer", [[Q, A], [Q, A, Q, B]])
def test_last_turn_of_a_side_is_its_answer_even_where_the_sides_agree(longer):
    prompt, chosen, rejected = pair_of({"chosen": [Q, A], "rejected": longer})
    assert prompt == [("user", "Q")]
    assert chosen == [("assistant", "A")]
    assert rejected[0] == ("assistant", "A")


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        (
            "\n\nHuman: a\n\nb\n\nAssistant: c",
            [("user", "a\n\nb"), ("assistant", "c")],
        ),
        ("Human: a\n\nAssistant: c", [("user", "a"), ("assistant", "c")]),
        (
            "\n\nHuman: a\n\nAssistant: Human: b",
            [("user", "a"), ("assistant", "Human: b")],
        ),
        (
            "\n\nHuman: a\n\nAssistant: \n\nAssistant:  c",
            [("user", "a"), ("assistant", ""), ("assistant", "c")],
        ),
        ("Human: a", [("assistant", "Human: a")]),
        ("Say Human: a\n\nAssistant: b", [("assistant", "Say Human: a\n\nAssistant: b")]),
        ("plain", [("assistant", "plain")]),
    ],
)
def test_flat_dialogues_are_parted_where_the_speaker_begins_a_paragraph(text, turns):
    prompt, chosen, _ = pair_of({"chosen": text, "rejected": "other"})
    assert prompt + chosen == turns


def test_answer_is_the_chosen_one_and_text_holds_both():
    conversation = FORMATS["preference"].convert({"prompt": "Q", "chosen": "A", "rejected": "B"})
    assert conversation.prompt == "Q"
    assert conversation.answer == "A"
    assert conversation.context == "Q"
    assert conversation.text == "Q\nA\nB"


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"prompt": "Q", "chosen": [], "rejected": [B]}, "chosen: no messages"),
        ({"prompt": "Q", "chosen": [A], "rejected": ["B"]}, r"rejected\[0\] is text"),
        ({"prompt": "Q", "chosen": {"a": 1}, "rejected": "B"}, "field 'chosen' is an object"),
        ({"prompt": "Q", "chosen": "A", "rejected": float("nan")}, "field 'rejected' is NaN"),
        ({"messages": "Q", "chosen": "A", "rejected": "B"}, "field 'messages' is text"),
    ],
)
def test_what_is_wrong_in_a_pair_names_the_field(row, named):
    assert recognise(row) is FORMATS["preference"]
    with pytest.raises(RowError, match=named):
        FORMATS["preference"].convert(row)


@pytest.mark.parametrize("output", [["A"], ["A", "B", "C"], ["A", 1], []])
def test_list_of_outputs_that_is_no_pair_is_refused_by_alpaca(output):
    row = {"instruction": "Q", "output": output}
    assert recognise(row) is FORMATS["alpaca"]
    with pytest.raises(RowError, match="a list, expected text"):
        FORMATS["alpaca"].convert(row)


@pytest.mark.parametrize(
    ("mapping", "row"),
    [
        ({"prompt": "q", "chosen": "w", "rejected": "l"}, {"q": "Q", "w": "A", "l": "B"}),
        ({"chosen": "w", "rejected": "l"}, {"w": [Q, A], "l": [Q, B]}),
        ({"messages": "m", "chosen": "w", "rejected": "l"}, {"m": [Q], "w": A, "l": "B"}),
        (
            {"conversations": "c", "chosen": "w", "rejected": "l"},
            {"c": [said("human", "Q")], "w": said("gpt", "A"), "l": "B"},
        ),
    ],
)
def test_pairs_are_mapped(mapping, row):
    assert parts_of(mapped(mapping).convert(row)) == ONE


def test_errors_of_mapped_pairs_name_the_user_s_fields():
    format = mapped({"prompt": "q", "chosen": "w", "rejected": "l"})
    with pytest.raises(RowError, match="field 'w' is true or false"):
        format.convert({"q": "Q", "w": True, "l": "B"})
    with pytest.raises(RowError, match=r"l\[0\]\.role is 'alien'"):
        format.convert({"q": "Q", "w": "A", "l": [{"role": "alien"}]})
