"""A format is recognised by the fields of a row, the more telling first."""

from __future__ import annotations

import pytest
from tests.data.formats.turns import NAN, message, said

from spanset.data.formats.registry import FORMATS, recognise


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"messages": []}, "messages"),
        ({"conversations": []}, "sharegpt"),
        ({"instruction": "", "output": ""}, "alpaca"),
        ({"instruction": "", "input": "", "response": ""}, "alpaca"),
        ({"prompt": "", "completion": ""}, "prompt-completion"),
        ({"prompt": "", "response": ""}, "prompt-completion"),
        ({"question": "", "answer": ""}, "question-answer"),
        # The more telling field decides.
        ({"instruction": "", "output": "", "messages": []}, "messages"),
        ({"prompt": "", "completion": "", "conversations": []}, "sharegpt"),
        ({"question": "", "answer": "", "instruction": "", "output": ""}, "alpaca"),
    ],
)
def test_format_is_recognised_by_its_fields(row, name):
    assert recognise(row) is FORMATS[name]
    assert recognise({"id": 1, **row, "more": NAN}) is FORMATS[name]


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"instruction": ""},
        {"prompt": ""},
        {"question": ""},
        {"answer": "", "output": "", "completion": "", "response": ""},
        {"Messages": []},
    ],
)
def test_part_of_a_format_is_not_recognised(row):
    assert recognise(row) is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"prompt": "Q"},
        {"prompt": "Q", "completion": "A"},
        {"messages": [message("user", "Q")]},
        {"conversations": [said("human", "Q")]},
        {"instruction": "Q", "input": "", "output": ""},
        {"question": "Q", "answer": "A"},
    ],
)
def test_preference_pair_is_not_read_as_something_else(fields):
    assert recognise({**fields, "chosen": "A", "rejected": "B"}) is FORMATS["preference"], (
        "the shared part of a pair would be trained on as if it were the answer"
    )


def test_one_of_the_fields_of_a_pair_is_not_yet_a_pair():
    assert recognise({"question": "", "answer": "", "chosen": True}) is FORMATS["question-answer"]
