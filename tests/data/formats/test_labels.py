from __future__ import annotations

import pytest
from tests.data.formats.turns import EXCHANGE, spoken

from spanset.data.formats.registry import FORMATS, recognise
from spanset.data.formats.texts import RowError

MESSAGES = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
BASES = [
    {"messages": MESSAGES},
    {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
    {"prompt": "Q", "completion": "A"},
    {"prompt": MESSAGES[:1], "completion": MESSAGES[1:]},
    {"instruction": "Q", "input": "", "output": "A"},
    {"question": "Q", "answer": "A"},
]


@pytest.mark.parametrize("name", ["label", "kto_tag"])
@pytest.mark.parametrize(
    ("value", "label"), [(True, True), (False, False), ("True", True), ("false", False)]
)
@pytest.mark.parametrize("base", BASES, ids=lambda base: ",".join(base))
def test_label_beside_any_format_of_exchanges_is_kept(base, name, value, label):
    row = {**base, name: value}
    assert recognise(row) is FORMATS["kto"]
    conversation = FORMATS["kto"].convert(row)
    assert spoken(conversation.turns) == EXCHANGE
    assert conversation.label is label


@pytest.mark.parametrize("value", [1, 0, None, "positive", [True]])
@pytest.mark.parametrize("base", BASES[:1])
def test_label_of_another_kind_is_a_field_like_any_other(base, value):
    row = {**base, "label": value}
    assert recognise(row) is FORMATS["messages"]
    assert FORMATS["messages"].convert(row).label is None


def test_missing_format_beside_a_label_is_not_made_up():
    assert recognise({"label": True}) is None
    assert recognise({"text": "a review", "label": True}) is FORMATS["text"]


def test_pair_with_a_label_is_a_pair():
    row = {"prompt": "Q", "chosen": "A", "rejected": "B", "label": True}
    assert recognise(row) is FORMATS["preference"]


def test_label_that_is_not_true_or_false_is_named():
    with pytest.raises(RowError, match="field 'label' is null, expected true or false"):
        FORMATS["kto"].convert({"messages": MESSAGES, "label": None})
