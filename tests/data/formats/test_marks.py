"""Turns that a row says are not trained on are context: by every mark, in every format."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.formats.turns import NAN, message, said, spoken

from spanset.base.errors import DataError
from spanset.data.conversation import ROLES
from spanset.data.formats.mapping import mapped
from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError
from spanset.data.reader import read

# A mark, its value, and what is said of it.
UNTRAINED = [
    ("weight", 0, "weight: 0"),
    ("weight", 0.0, "weight: 0"),
    ("loss_weight", 0, "loss_weight: 0"),
    ("loss_weight", 0.0, "loss_weight: 0"),
    ("train", False, "train: false"),
    ("train", 0, "train: false"),
    ("training", False, "training: false"),
    ("loss", False, "loss: false"),
    ("loss", 0, "loss: false"),
    ("masked", True, "masked: true"),
    ("masked", 1, "masked: true"),
]
TRAINED = [
    *(("weight", 1), ("weight", 0.5), ("weight", 2), ("loss_weight", 1.0)),
    *(("train", True), ("train", 1), ("training", True), ("loss", True), ("loss", 1)),
    *(("masked", False), ("masked", 0)),
]
NAMES = ("weight", "loss_weight", "train", "training", "loss", "masked")

Q, R = message("user", "Q"), message("user", "R")
B, C = message("assistant", "B"), message("assistant", "C")


def tell(text="A", **mark):
    return message("assistant", text, **mark)


def tree(text, role, *replies, **mark):
    return {"text": text, "role": role, "replies": list(replies), **mark}


# A row of every format that marks may stand in: after Q comes A with the mark, then R and B.
ROWS = {
    "messages": lambda mark: {"messages": [Q, tell(**mark), R, B]},
    "messages as text": lambda mark: {"messages": json.dumps([Q, tell(**mark), R, B])},
    "sharegpt": lambda mark: {
        "conversations": [
            said("human", "Q"),
            {**said("gpt", "A"), **mark},
            said("human", "R"),
            said("gpt", "B"),
        ]
    },
    "kto": lambda mark: {"messages": [Q, tell(**mark), R, B], "label": True},
    "prompt": lambda mark: {"prompt": [Q, tell(**mark), R], "completion": "B"},
    "completion": lambda mark: {"prompt": "Q", "completion": [tell(**mark), R, B]},
    "whole sides": lambda mark: {
        "chosen": [Q, tell(**mark), R, B],
        "rejected": [Q, tell(**mark), R, C],
    },
    "sides": lambda mark: {
        "prompt": [Q],
        "chosen": [tell(**mark), R, B],
        "rejected": [tell(**mark), R, C],
    },
    "pair's dialogue": lambda mark: {
        "conversations": [Q, tell(**mark), R],
        "chosen": B,
        "rejected": C,
    },
    "exchanges": lambda mark: {
        "conversation": [{"input": "Q", "output": "A", **mark}, {"input": "R", "output": "B"}]
    },
    "oasst": lambda mark: {
        "prompt": tree(
            "Q", "prompter", tree("A", "assistant", tree("R", "user", tree("B", "model")), **mark)
        )
    },
}
MAPPINGS = {
    "messages": {"messages": "messages"},
    "sharegpt": {"conversations": "conversations"},
    "prompt": {"prompt": "prompt", "answer": "completion"},
    "completion": {"prompt": "prompt", "answer": "completion"},
    "whole sides": {"chosen": "chosen", "rejected": "rejected"},
}


def read_in(shape, mark):
    row = ROWS[shape](mark)
    return recognise(row).convert(row)


@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize(("name", "value", "reason"), UNTRAINED)
def test_a_marked_turn_is_context_and_no_answer_in_every_format(shape, name, value, reason):
    conversation = read_in(shape, {name: value})
    assert spoken(conversation.turns) == spoken(read_in(shape, {}).turns), "no turn is lost"
    assert conversation.answer == "B"
    assert conversation.context == "Q\nA\nR"
    assert [turn.untrained for turn in conversation.turns] == ["", reason, "", ""]


@pytest.mark.parametrize("shape", ROWS)
@pytest.mark.parametrize(("name", "value"), TRAINED)
def test_a_mark_that_says_trained_changes_nothing(shape, name, value):
    assert read_in(shape, {name: value}) == read_in(shape, {})


@pytest.mark.parametrize("shape", ROWS)
def test_null_marks_are_no_marks(shape):
    assert read_in(shape, dict.fromkeys(NAMES)) == read_in(shape, {})


@pytest.mark.parametrize("shape", MAPPINGS)
@pytest.mark.parametrize(("name", "value", "reason"), UNTRAINED[::2])
def test_marks_count_in_mapped_fields(shape, name, value, reason):
    row = {f"my {field}": lists for field, lists in ROWS[shape]({name: value}).items()}
    mapping = {target: f"my {field}" for target, field in MAPPINGS[shape].items()}
    conversation = mapped(mapping).convert(row)
    assert (conversation.answer, conversation.context) == ("B", "Q\nA\nR")
    assert conversation.turns[1].untrained == reason


@pytest.mark.parametrize("value", [2.31, 0.0, 1.0, NAN, float("inf")])
def test_a_loss_that_was_measured_is_no_mark(value):
    assert read_in("messages", {"loss": value}) == read_in("messages", {})


def test_one_mark_is_enough_and_the_first_is_named():
    conversation = read_in("messages", {"masked": True, "train": False, "weight": 1})
    assert conversation.turns[1].untrained == "train: false"


@pytest.mark.parametrize("role", ["system", "user", "tool"])
def test_other_turns_may_be_marked_and_are_context_as_before(role):
    row = {"messages": [message(role, "X", weight=0), Q, tell()]}
    conversation = FORMATS["messages"].convert(row)
    assert (conversation.answer, conversation.context) == ("A", "X\nQ")
    assert conversation.lack == ""


def test_marks_of_a_row_are_not_those_of_its_turns():
    row = {"instruction": "Q", "output": "A", "weight": 0, "train": False, "loss": 0.1}
    assert recognise(row).convert(row).answer == "A"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("weight", "0", "text, expected a number of 0 or more"),
        ("weight", True, "true or false, expected a number"),
        ("weight", -1, "-1, expected a number of 0 or more"),
        ("weight", -0.5, "-0.5, expected a number of 0 or more"),
        ("weight", NAN, "NaN, expected a number"),
        ("weight", float("inf"), "infinite, expected a number"),
        ("loss_weight", [0], "a list, expected a number"),
        ("train", "false", "text, expected true or false, or 1 or 0"),
        ("train", 2, "a number, expected true or false"),
        ("train", NAN, "NaN, expected true or false"),
        ("training", {}, "an object, expected true or false"),
        ("loss", "none", "text, expected true or false"),
        ("loss", -1, "a number, expected true or false"),
        ("masked", 0.5, "a number, expected true or false"),
        ("masked", [], "a list, expected true or false"),
    ],
)
@pytest.mark.parametrize(
    ("shape", "place"),
    [
        ("messages", "messages[1]"),
        ("sharegpt", "conversations[1]"),
        ("completion", "completion[0]"),
        ("exchanges", "conversation[0]"),
        ("oasst", "prompt.replies[0]"),
    ],
)
def test_a_mark_of_another_kind_is_refused_by_its_place(shape, place, name, value, reason):
    with pytest.raises(RowError, match=re.escape(f"{place}.{name} is {reason}")):
        read_in(shape, {name: value})


def test_a_weight_beyond_floats_does_not_stop_the_reading():
    rows = [ROWS["messages"]({"weight": weight}) for weight in (1, 10**400)]
    assert read(rows, on_bad_row="skip").total == 2


# The list beside the turns


def masked(mask, field="messages", **more):
    messages = [Q, tell(), R, B]
    if field == "conversations":
        messages = [said(m["role"], m["content"]) for m in messages]
    return {field: messages, "loss_mask": mask, **more}


def answer_of(row):
    return recognise(row).convert(row).answer


@pytest.mark.parametrize("field", ["messages", "conversations"])
@pytest.mark.parametrize(
    ("mask", "answer"),
    [
        ([0, 0, 0, 1], "B"),
        ([1, 1, 1, 0], "A"),
        ([0, 1, 0, 1], "A\nB"),
        ([False, False, False, True], "B"),
        ([0.0, 0.0, 0.0, 1.0], "B"),
        ("[0, 0, 0, 1]", "B"),
        ("[false, true, false, false]", "A"),
        (None, "A\nB"),
    ],
)
def test_a_list_beside_the_turns_says_which_are_trained_on(field, mask, answer):
    assert answer_of(masked(mask, field)) == answer
    labelled = masked(mask, field, label=False)
    assert recognise(labelled) is FORMATS["kto"]
    assert answer_of(labelled) == answer


@pytest.mark.parametrize("field", ["messages", "conversations"])
def test_the_list_does_not_count_a_system_text_of_its_own_field(field):
    row = masked([0, 0, 0, 1], field, system="S")
    conversation = recognise(row).convert(row)
    assert spoken(conversation.turns)[0] == ("system", "S")
    assert (conversation.answer, conversation.context) == ("B", "S\nQ\nA\nR")


def test_the_list_counts_a_system_turn_among_the_others():
    row = {"messages": [message("system", "S"), Q, tell(), R, B], "loss_mask": [0, 0, 1, 0, 0]}
    assert answer_of(row) == "A"
    assert answer_of({**row, "system": "another"}) == "A"


def test_the_list_goes_with_a_list_of_messages_written_as_text():
    row = masked([0, 0, 0, 1])
    assert answer_of({**row, "messages": json.dumps(row["messages"])}) == "B"


@pytest.mark.parametrize("field", ["messages", "conversations"])
def test_the_list_goes_with_a_mapped_list_of_messages(field):
    row = {**masked([0, 0, 0, 1], field), "rule": "S"}
    conversation = mapped({field: field, "system": "rule"}).convert(row)
    assert (conversation.answer, conversation.context) == ("B", "S\nQ\nA\nR")


def test_the_list_goes_with_the_dialogue_before_the_sides_of_a_pair():
    row = {"messages": [Q, tell(), R], "loss_mask": [0, 0, 0], "chosen": B, "rejected": C}
    conversation = FORMATS["preference"].convert(row)
    assert (conversation.answer, conversation.context) == ("B", "Q\nA\nR")


def test_list_and_marks_count_together():
    """A turn is trained on where both say so."""
    messages = [Q, tell(train=False), R, B]
    untrained = [
        [turn.untrained for turn in FORMATS["messages"].convert(row).turns]
        for row in (
            {"messages": messages, "loss_mask": [1, 1, 1, 1]},
            {"messages": messages, "loss_mask": [1, 0, 1, 0]},
        )
    ]
    assert untrained == [["", "train: false", "", ""], ["", "train: false", "", "loss_mask: 0"]]


@pytest.mark.parametrize("mask", [[0, 1], [], [0, 0, 0, 1, 1], "[1]"])
@pytest.mark.parametrize("field", ["messages", "conversations"])
def test_a_list_of_another_length_is_refused_with_both_lengths(field, mask):
    length = len(json.loads(mask) if isinstance(mask, str) else mask)
    with pytest.raises(RowError, match=f"'loss_mask' has {length} values for 4 turns"):
        answer_of(masked(mask, field, system="S"))


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ([0, 1, 2, 1], "loss_mask[2] is a number, expected true or false, or 1 or 0"),
        ([0, 1, 0, 0.5], "loss_mask[3] is a number"),
        ([0, 1, None, 1], "loss_mask[2] is null"),
        ([0, "1", 0, 1], "loss_mask[1] is text"),
        ([0, 1, 0, NAN], "loss_mask[3] is NaN"),
        ([[0], 1, 0, 1], "loss_mask[0] is a list"),
        ("0001", "'loss_mask' is text, expected a list"),
        ("[0, 0", "'loss_mask' is text, expected a list"),
        (1, "'loss_mask' is a number, expected a list"),
        ({"a": 1}, "'loss_mask' is an object, expected a list"),
    ],
)
def test_a_list_of_other_values_is_refused_by_its_place(mask, reason):
    with pytest.raises(RowError, match=re.escape(reason)):
        answer_of(masked(mask))


def test_a_list_of_the_same_name_elsewhere_is_a_field_like_any_other():
    row = {"instruction": "Q", "output": "A", "loss_mask": [0] * 100}
    assert answer_of(row) == "A"


# Rows, and what of them is left


MARKED_ROWS = [
    {"messages": [Q, tell(weight=0)]},
    {"messages": [Q, tell("\n"), R, tell(train=False)]},
    {"conversations": [said("human", "Q"), {**said("gpt", "A"), "masked": True}]},
    {"messages": [Q, tell()], "loss_mask": [1, 0]},
    {"prompt": "Q", "completion": [tell(loss=False)]},
    {"conversation": [{"input": "Q", "output": "A", "training": False}]},
    {"prompt": tree("Q", "prompter", tree("A", "assistant", loss_weight=0))},
    {"messages": [Q, tell(weight=0)], "label": True},
]


@pytest.mark.parametrize("row", MARKED_ROWS, ids=lambda row: ",".join(row))
def test_a_row_without_a_trained_turn_says_why_it_has_no_answer(row):
    assert recognise(row).convert(row).lack == "no answer that is trained on"


def test_a_row_without_a_trained_turn_is_left_out_and_counted():
    rows = [ROWS["messages"]({}), MARKED_ROWS[0]]
    data = read(rows)
    assert len(data) == 1
    assert [(one.row, one.reason) for one in data.empty] == [(1, "no answer that is trained on")]
    with pytest.raises(DataError, match="no answer that is trained on"):
        read(rows, on_empty="error")


@pytest.mark.parametrize(
    "messages", [[Q], [Q, tell(" ")], [Q, tell("", weight=0)], [{**Q, "train": 0}]]
)
def test_a_row_without_any_answer_says_so_whatever_its_marks(messages):
    assert FORMATS["messages"].convert({"messages": messages}).lack == "no answer"


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_side_without_a_trained_turn_makes_no_pair(side):
    row = {"prompt": [Q], "chosen": [B], "rejected": [C]}
    row[side] = [{**row[side][0], "weight": 0}]
    assert f"its {side} side" in FORMATS["preference"].convert(row).lack


def test_marks_stay_in_the_rows_that_are_written(tmp_path):
    rows = [
        '{"messages": [{"role": "user", "content": "Q", "weight": null}, '
        '{"role": "assistant", "content": "A", "weight": 0.0}, '
        '{"role": "assistant", "content": "B", "train": 1}], "loss_mask": [0, 0, 1]}',
        '{"messages":[{"role":"assistant","content":"A","masked":false}],"loss_mask":null}',
    ]
    (tmp_path / "rows.jsonl").write_text("".join(row + "\n" for row in rows))
    read(tmp_path / "rows.jsonl").write(tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "".join(row + "\n" for row in rows)


marks = st.one_of(
    st.just({}),
    st.sampled_from(UNTRAINED).map(lambda mark: {mark[0]: mark[1]}),
    st.sampled_from(TRAINED).map(lambda mark: dict([mark])),
)


@given(
    st.lists(st.tuples(st.sampled_from(ROLES), marks, st.sampled_from([0, 1])), min_size=1),
    st.booleans(),
)
def test_every_text_is_answer_or_context_by_role_mark_and_list(turns, has_list):
    messages = [message(role, f"t{n}", **mark) for n, (role, mark, _) in enumerate(turns)]
    row = {"messages": messages, "loss_mask": [bit for *_, bit in turns] if has_list else None}
    conversation = FORMATS["messages"].convert(row)
    untrained = [{name: value} for name, value, _ in UNTRAINED]
    is_answer = [
        role == "assistant" and mark not in untrained and (bit == 1 or not has_list)
        for role, mark, bit in turns
    ]
    answer = [f"t{n}" for n, own in enumerate(is_answer) if own]
    context = [f"t{n}" for n, own in enumerate(is_answer) if not own]
    assert conversation.answer == "\n".join(answer)
    assert conversation.context == "\n".join(context)
    assert (conversation.lack == "") == bool(answer)
