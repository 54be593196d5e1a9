"""`--map` reads the fields that it names in their places, uses all of them or refuses."""

from __future__ import annotations

import pytest
from tests.data.formats.turns import EXCHANGE, message, said, spoken

from spanset.base.errors import UsageError
from spanset.data.formats.mapping import mapped
from spanset.data.formats.texts import RowError


@pytest.mark.parametrize(
    ("mapping", "row", "turns"),
    [
        ({"prompt": "q", "answer": "a"}, {"q": "Q", "a": "A"}, EXCHANGE),
        (
            {"prompt": "q", "input": "i", "answer": "a", "system": "s", "history": "h"},
            {"q": "Q", "i": "I", "a": "A", "s": "S", "h": [["q", "a"]]},
            [
                ("system", "S"),
                ("user", "q"),
                ("assistant", "a"),
                ("user", "Q\nI"),
                ("assistant", "A"),
            ],
        ),
        ({"prompt": "x", "answer": "x"}, {"x": "X"}, [("user", "X"), ("assistant", "X")]),
        (
            {"messages": "m"},
            {"m": [message("user", "Q"), message("assistant", "A")], "messages": 1},
            EXCHANGE,
        ),
        (
            {"conversations": "c", "system": "s"},
            {"c": [said("human", "Q"), said("gpt", "A")], "s": "S"},
            [("system", "S"), *EXCHANGE],
        ),
        # Fields of a known format count only where they are mapped.
        (
            {"prompt": "q", "answer": "a"},
            {"q": "Q", "a": "A", "instruction": "I", "output": "O", "input": "i", "system": "s"},
            EXCHANGE,
        ),
    ],
)
def test_mapped_fields_are_read_in_their_places(mapping, row, turns):
    format = mapped(mapping)
    assert format.fits(row)
    assert spoken(format.convert(row).turns) == turns


def test_row_without_a_mapped_field_does_not_fit():
    format = mapped({"prompt": "q", "answer": "a"})
    assert not format.fits({"q": "Q", "answer": "A"})
    assert "q" in format.fields
    assert "a" in format.fields
    with pytest.raises(RowError, match="'a'"):
        format.convert({"q": "Q"})


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"prompt": "q"}, "prompt or answer"),
        ({"answer": "a", "input": "i"}, "prompt or answer"),
        ({"question": "q", "answer": "a"}, "question"),
        ({"prompt": "q", "answer": "a", "Prompt": "p"}, "Prompt"),
    ],
)
def test_mapping_that_cannot_work_is_wrong_usage(mapping, named):
    with pytest.raises(UsageError, match=named) as raised:
        mapped(mapping)
    assert raised.value.where == "--map"


@pytest.mark.parametrize(
    "mapping",
    [
        {"messages": "m", "system": "s"},
        {"messages": "m", "prompt": "s", "answer": "s"},
        {"messages": "m", "conversations": "s"},
        {"conversations": "c", "input": "s"},
    ],
)
def test_what_is_mapped_is_used_or_refused(mapping):
    row = {"m": [message("user", "Q")], "c": [said("human", "Q")], "s": "TOLD TO READ THIS"}
    try:
        read = mapped(mapping).convert(row).text
    except (UsageError, RowError):
        return
    assert row["s"] in read, "a field that was mapped is left out without a word"
