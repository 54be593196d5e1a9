"""Gradients of preference pairs have the direction of the DPO loss, against autograd."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.places import SHARED

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.features.preference_pairs import (
    CLOSE,
    EXACT,
    HALF,
    PAIRS,
    captured,
    dpo_gradient,
    features,
    message,
    sides,
    unit,
    worst,
)
from tests.models.by_hand import ByHand
from tests.models.model_folder import edit_weights, save_model
from tests.models.tiny_models import FAMILIES

from spanset.data.reader import read
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.sides import read_rows


def difference_gradient(oracle, chosen, rejected):
    won, lost = (oracle.log_probability(oracle.tokens(side)) for side in (chosen, rejected))
    return oracle.gradient(lost - won).numpy()


@pytest.mark.parametrize("beta", [0.1, 0.5])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradient_of_a_pair_is_that_of_the_dpo_loss_up_to_scale(folders, family, beta):
    oracle = ByHand(folders(family))
    expected = [dpo_gradient(oracle, *sides(pair), beta) for pair in PAIRS]
    assert all(gradient.any() for gradient in expected), "underflow: nothing is tested"
    error = worst(captured(folders(family), PAIRS), expected)
    assert error <= CLOSE, f"distance {error:.1e} of unit vectors (2 if the sign is wrong)"


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_a_reference_model_does_not_change_the_direction(model, beta):
    oracle = ByHand(model, dtype=torch.float64)
    got = captured(model, PAIRS)
    for references in ((0.0, 0.0), (-80.0, -20.0), (-5.0, -90.0)):
        expected = [dpo_gradient(oracle, *sides(pair), beta, references) for pair in PAIRS]
        assert worst(got, expected) <= CLOSE


def test_the_length_is_that_of_the_difference_of_log_probabilities(model):
    oracle = ByHand(model)
    expected = [difference_gradient(oracle, *sides(pair)) for pair in PAIRS]
    got = captured(model, PAIRS)
    errors = np.linalg.norm(got - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert errors.max() <= CLOSE


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_a_store_keeps_the_direction(folders, family):
    oracle = ByHand(folders(family))
    expected = [dpo_gradient(oracle, *sides(pair), 0.1) for pair in PAIRS]
    assert np.abs(features(folders(family), PAIRS) - unit(expected)).max() < HALF


def test_sides_the_other_way_round_give_the_opposite(model):
    """Negative control: the sign is seen."""
    swapped = [{**one, "chosen": one["rejected"], "rejected": one["chosen"]} for one in PAIRS]
    got, other = captured(model, PAIRS), captured(model, swapped)
    assert worst(got, -other) <= CLOSE
    assert worst(got, other) > 1.9


def test_neither_side_alone_is_the_difference(model):
    """Negative control."""
    got = captured(model, PAIRS)
    for side in ("chosen", "rejected"):
        assert worst(got, captured(model, PAIRS, replace(EXACT, pair=side))) > 0.1


@pytest.fixture(scope="module")
def certain(tmp_path_factory):
    """A model that is sure of itself: logits six times as large."""
    folder = save_model(tmp_path_factory.mktemp("certain") / "m")

    def sharpen(weights):
        weights["lm_head.weight"] = weights["lm_head.weight"] * 6
        return weights

    edit_weights(folder, sharpen)
    return str(folder)


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_a_long_answer_that_is_all_but_impossible_does_not_underflow(certain, beta):
    """log p(chosen) - log p(rejected) is over a thousand nats: sigmoid of it is 0 in float32."""
    pair = {"prompt": "Say it", "chosen": "Y", "rejected": "the sea, brûlée and two " * 9}
    plainly, exactly = ByHand(certain), ByHand(certain, dtype=torch.float64)
    rows = [exactly.tokens(side) for side in sides(pair)]
    assert max(len(row.ids) for row in rows) < 128, "it is cut"
    margin = exactly.loss(rows[1]) - exactly.loss(rows[0])
    assert margin > 1000, f"{margin:.0f} nats"
    assert not dpo_gradient(plainly, *sides(pair), beta).any(), "float32 can do it: no test"

    got = captured(certain, [pair])
    assert np.isfinite(got).all()
    # A reference that gives the rejected side more takes the margin to where it can be computed.
    reference = (0.0, -margin + 20.0 / beta)
    expected = dpo_gradient(exactly, *sides(pair), beta, reference)
    assert expected.any()
    assert worst(got, [expected]) <= CLOSE
    assert np.abs(features(certain, [pair]) - unit([expected])).max() < HALF


def test_sides_that_differ_late_lose_no_digits_to_what_they_share(model):
    """What both begin with is left out: it would cancel, less its rounding."""
    start = "The Loire rises in the Massif Central, and flows to the sea. " * 2
    pair = {"prompt": "Tell", "chosen": f"{start}Yes", "rejected": f"{start}No"}
    expected = difference_gradient(ByHand(model, dtype=torch.float64), *sides(pair))
    assert worst(captured(model, [pair]), [expected]) <= CLOSE
    language = LanguageModel.load(model, EXACT)
    (row,) = read_rows(list(read([pair]).conversations()), language.renderer, "difference")
    one, other = (side.ids.tolist() for side in row.sequences)
    shared = next(i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y)
    for weights, sign in zip(row.weights, (1.0, -1.0), strict=True):
        assert not weights[:shared].any()
        assert (weights[shared:] == sign).all()


def test_pairs_do_not_depend_on_the_batch(model):
    together = captured(model, PAIRS)
    alone = np.concatenate([captured(model, [pair]) for pair in PAIRS])
    assert worst(together, alone) <= 1e-5
    order = [3, 0, 4, 2, 1]
    assert worst(captured(model, [PAIRS[i] for i in order]), together[order]) <= 1e-5


@pytest.mark.parametrize("budget", [1, 100_000])
def test_a_store_of_pairs_does_not_depend_on_its_batches(model, budget):
    expected = [difference_gradient(ByHand(model), *sides(pair)) for pair in PAIRS]
    got = features(model, PAIRS, replace(EXACT, batch_tokens=budget))
    assert np.abs(got - unit(expected)).max() < HALF


def test_half_precision_gives_about_the_same(model):
    expected = captured(model, PAIRS)
    for dtype in ("bfloat16", "float16"):
        got = captured(model, PAIRS, replace(EXACT, model_dtype=dtype))
        assert (np.sum(unit(got) * unit(expected), axis=1) > 0.98).all(), dtype


def test_real_pairs_under_a_trained_model():
    folder, data = SHARED / "models/tiny-llama-7m", SHARED / "data/formats/dpo_en_demo.json"
    if not (folder.exists() and data.exists()):
        pytest.skip(f"{folder} or {data} is not there")
    table = json.loads(data.read_text())
    found = [row for row in table if len(json.dumps(row)) < 1400 and len(row["conversations"]) == 1]
    texts = [[row["chosen"]["value"], row["rejected"]["value"]] for row in found]
    rows = [
        row for row, both in zip(found, texts, strict=True) if all(t[:1].isalpha() for t in both)
    ]
    rows = rows[:4]
    assert len(rows) == 4
    oracle = ByHand(folder, max_length=512, header="<|assistant|>\n", end="<|end|>")
    expected = []
    for row in rows:
        question = message("user", row["conversations"][0]["value"])
        won, lost = (
            [question, message("assistant", row[side]["value"])] for side in ("chosen", "rejected")
        )
        expected.append(difference_gradient(oracle, won, lost))
    got = captured(folder, rows, replace(EXACT, max_length=512))
    assert worst(got, expected) <= CLOSE
