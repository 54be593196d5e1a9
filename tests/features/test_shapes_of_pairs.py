"""Every shape of a pair gives the gradient of its dialogues."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.preference_pairs import (
    BEFORE,
    CLOSE,
    EXACT,
    HALF,
    both,
    captured,
    dpo_gradient,
    features,
    unit,
    worst,
)
from tests.models.by_hand import ByHand

from spanset.data.conversation import Conversation, Turn

SHAPES = {
    "lists": {
        "prompt": both(("user", "Two?")),
        "chosen": both(("assistant", "Two.")),
        "rejected": both(("assistant", "Four.")),
    },
    "whole-dialogues": {
        "chosen": both(*BEFORE, ("assistant", "Two, too.")),
        "rejected": both(*BEFORE, ("assistant", "Four.")),
    },
    "history-in-the-prompt": {
        "prompt": both(("system", "Be brief."), *BEFORE),
        "chosen": both(("assistant", "Two, too.")),
        "rejected": both(("assistant", "Four.")),
    },
    "several-turns-a-side": {
        "prompt": both(("user", "Two?")),
        "chosen": both(("assistant", "Two."), ("user", "Sure?"), ("assistant", "Of course.")),
        "rejected": both(("assistant", "Four."), ("user", "Really?"), ("assistant", "No.")),
    },
    "sides-part-at-a-question": {
        "chosen": both(*BEFORE[:2], ("user", "Is it so?"), ("assistant", "Yes.")),
        "rejected": both(*BEFORE[:2], ("user", "Where is it?"), ("assistant", "In France.")),
    },
    "sides-of-different-lengths": {
        "chosen": both(*BEFORE, ("assistant", "Two.")),
        "rejected": both(("user", "One?"), ("assistant", "A river.")),
    },
    "sharegpt": {
        "conversations": [{"from": "human", "value": "Two?"}],
        "chosen": {"from": "gpt", "value": "Two."},
        "rejected": {"from": "gpt", "value": "Four."},
    },
    "two-outputs": {"instruction": "Two?", "output": ["Two.", "Four."]},
}


def shape_sides(row):
    """Both dialogues of a row of `SHAPES`."""
    if isinstance(row.get("prompt"), list):
        return [row["prompt"] + row[side] for side in ("chosen", "rejected")]
    if isinstance(row.get("chosen"), list):
        return [row["chosen"], row["rejected"]]
    answers = ("Two.", "Four.")
    return [both(("user", "Two?"), ("assistant", answer)) for answer in answers]


@pytest.mark.parametrize("supervise", ["all", "last"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_a_pair_gives_the_gradient_of_its_dialogues(model, shape, supervise):
    row, oracle = SHAPES[shape], ByHand(model, supervise=supervise)
    expected = dpo_gradient(oracle, *shape_sides(row), 0.1)
    got = captured(model, [row], replace(EXACT, supervise=supervise))
    assert worst(got, [expected]) <= CLOSE


def test_dialogues_that_part_at_different_turns_are_different_rows():
    """Both have the same chosen side, and the same turns after the one that they part at."""
    start = tuple(Turn(*turn) for turn in BEFORE)
    answer = (Turn("assistant", "Four."),)
    early = Conversation((*start, Turn("assistant", "Two.")), answer, shared=1)
    late = early._replace(shared=3)
    assert early.digest() != late.digest()


def test_rows_that_part_at_different_turns_get_gradients_of_their_own(model):
    chosen = both(*BEFORE, ("assistant", "Two."))
    rows = [
        {"chosen": chosen, "rejected": both(*BEFORE[:1], ("assistant", "Four."))},
        {"chosen": chosen, "rejected": both(*BEFORE, ("assistant", "Four."))},
    ]
    expected = [dpo_gradient(ByHand(model), row["chosen"], row["rejected"], 0.1) for row in rows]
    assert worst(expected[:1], expected[1:]) > 0.1
    assert np.abs(features(model, rows) - unit(expected)).max() < HALF
