"""What is recognised in rows beside their words is counted, input by input."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.conftest import write_lines
from tests.data.formats.turns import message

from spanset.data.formats.registry import recognise
from spanset.data.joining import joined
from spanset.data.reader import read
from spanset.data.remarks import UNSEEN, remark_lines, remarks_on

Q, A, B = message("user", "Q"), message("assistant", "A"), message("assistant", "B")
IMAGE = {"type": "image"}
WEIGHT, TRAIN, MASK = MARKS = ("weight: 0", "train: false", "loss_mask: 0")


def by_mark(remarks):
    """How often each mark is remarked on, and what is not seen."""
    return {
        next((mark for mark in MARKS if f"marked {mark}" in remark), remark): count
        for remark, count in remarks.items()
    }


def pictured(count):
    return message("user", [IMAGE] * count + [{"type": "text", "text": "Q"}])


def marked(**mark):
    return {"messages": [Q, {**A, **mark}, Q, B]}


@pytest.mark.parametrize(
    ("row", "remarks"),
    [
        ({"messages": [Q, A]}, {}),
        ({"instruction": "Q", "output": "A", "weight": 0}, {}),
        (marked(weight=0), {WEIGHT: 1}),
        (marked(train=False), {TRAIN: 1}),
        (marked(weight=1, train=True, masked=False, loss=2.5), {}),
        ({"messages": [Q, {**A, "weight": 0}, Q, {**B, "train": False}]}, {WEIGHT: 1, TRAIN: 1}),
        ({"messages": [Q, A, Q, B], "loss_mask": [0, 0, 0, 1]}, {MASK: 1}),
        # Only what would have been an answer is worth a word.
        ({"messages": [{**Q, "weight": 0}, A]}, {}),
        ({"messages": [message("system", "S", train=False), A]}, {}),
        ({"messages": [Q, A], "loss_mask": [0, 1]}, {}),
        ({"messages": [pictured(1), A]}, {UNSEEN: 1}),
        ({"messages": [pictured(2), A, pictured(1), B]}, {UNSEEN: 3}),
        ({"messages": [pictured(1), {**A, "weight": 0}, B]}, {UNSEEN: 1, WEIGHT: 1}),
        (
            {
                "prompt": [pictured(1)],
                "chosen": [{**A, "weight": 0}, Q, A],
                "rejected": [message("assistant", [IMAGE, "B"]), Q, {**B, "weight": 0}],
            },
            {UNSEEN: 2, WEIGHT: 2},
        ),
        ({"messages": [Q, A], "images": ["a.png", "b.png"]}, {UNSEEN: 2}),
        ({"instruction": "Q", "output": "A", "audio": {"path": "a.wav"}}, {UNSEEN: 1}),
        ({"instruction": "Q", "output": "A", "image": None, "videos": []}, {}),
        # Rows that list their pictures also place them in their turns.
        ({"messages": [pictured(2), A], "images": ["a.png", "b.png"]}, {UNSEEN: 2}),
        ({"conversation": [{"input": "Q", "output": "A", "train": False}]}, {TRAIN: 1}),
    ],
)
def test_remarks_on_a_row_come_as_often_as_they_apply(row, remarks):
    assert by_mark(Counter(remarks_on(recognise(row).convert(row)))) == remarks


@pytest.fixture
def files(tmp_path):
    """Three inputs: of marks and pictures, of nothing to remark, of other marks."""
    rows = {
        "a.jsonl": [marked(weight=0), {"messages": [pictured(2), A]}, marked(weight=0)],
        "b.jsonl": [{"messages": [Q, A]}],
        "c.jsonl": [marked(train=False), {"messages": [pictured(1), A]}],
    }
    return [write_lines(tmp_path / name, lines) for name, lines in rows.items()]


REMARKS = [{WEIGHT: 2, UNSEEN: 2}, {}, {TRAIN: 1, UNSEEN: 1}]


def remarks_of(data):
    return [by_mark(remarks) for remarks in data.remarks]


def test_remarks_are_counted_for_every_input(files):
    data = read(files)
    assert remarks_of(data) == REMARKS
    a, _, c = (source.name for source in data.sources)
    lines = remark_lines(data)
    for line, (name, count, remark) in zip(
        lines, [(a, 2, UNSEEN), (a, 2, WEIGHT), (c, 1, UNSEEN), (c, 1, TRAIN)], strict=True
    ):
        assert line.startswith(f"{name}: ")
        assert remark in line
        assert str(count) in line.removeprefix(name).replace(remark, "")


def test_joined_data_sets_keep_the_remarks_of_each_input(files):
    assert remarks_of(joined([read(path) for path in files])) == REMARKS
    a, b, c = map(read, files)
    assert remarks_of(joined([joined([c, b]), a])) == REMARKS[::-1]
    assert remark_lines(joined([a, b, c])) == remark_lines(read(files))


@pytest.mark.parametrize("rows", [[0], [1, 0], [], slice(2, None)])
def test_parts_of_a_data_set_keep_the_remarks_on_their_inputs(files, rows):
    """As they keep the rows that were left out: what is said of an input is said of all of it."""
    data = read(files)
    assert remarks_of(data[rows]) == REMARKS
    assert remark_lines(data[rows]) == remark_lines(data)


def test_rows_left_out_for_their_length_take_no_remarks_away(files):
    assert remarks_of(read(files).without(np.array([0]), ["too long"])) == REMARKS


def test_rows_without_an_answer_are_remarked_on_and_malformed_ones_are_not(tmp_path):
    """A row that is all marks is left out: the remark says why there are fewer rows."""
    untrained = {"messages": [pictured(1), {**A, "weight": 0}]}
    malformed = {"messages": [pictured(1), {**A, "weight": 0}, {"role": "alien"}]}
    path = write_lines(tmp_path / "d.jsonl", [{"messages": [Q, A]}, untrained, malformed])
    data = read(path, on_bad_row="skip")
    assert (len(data), len(data.empty), len(data.bad)) == (1, 1, 1)
    assert remarks_of(data) == [{WEIGHT: 1, UNSEEN: 1}]


def test_rows_in_memory_are_an_input_like_any_other():
    data = read([marked(weight=0)] * 1200)
    assert remarks_of(data) == [{WEIGHT: 1200}]
    (line,) = remark_lines(data)
    assert line.startswith(f"{data.sources[0].name}: ")
    assert "1,200" in line
