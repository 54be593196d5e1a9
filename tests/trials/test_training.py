"""Tuning is a plain loop's: the same weights, whatever goes through the model at once."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
from tests.models.tiny_models import CHATML, make_model, make_tokenizer

from spanset.models.rendering.renderer import Rendered
from spanset.trials import training as tuning
from spanset.trials.training import Training, tuned

torch = pytest.importorskip("torch")
LINEAR = Training(1.0, None, 1e-3, 4, "linear", 0.0, None)


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(CHATML, pad=True)


@pytest.fixture(scope="module")
def model(tokenizer):
    return make_model("llama", vocabulary=len(tokenizer))


@pytest.fixture(scope="module")
def rows(tokenizer):
    """Eighty rows of different lengths, the later part of each supervised."""
    rng = np.random.default_rng(0)
    made = []
    for length in rng.integers(6, 40, 80).tolist():
        ids = rng.integers(0, len(tokenizer), length).astype(np.int32)
        made.append(Rendered(ids, np.arange(length) >= rng.integers(1, length), truncated=False))
    return made


def weights(model):
    return torch.cat([one.detach().flatten() for one in model.parameters()])


def by_hand(model, rows, order, size=4, rate=1e-3):
    """AdamW on the mean loss of each batch, the rate falling to 0; the losses, and the model."""
    own = copy.deepcopy(model).train()
    steps = len(order) // size
    optimizer = torch.optim.AdamW(own.parameters(), lr=rate, weight_decay=0.0)
    losses = []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        total, count = 0.0, 0
        for row in (rows[place] for place in order[step * size : (step + 1) * size]):
            ids = torch.tensor(row.ids[None].astype(np.int64))
            logits = own(input_ids=ids).logits[0, :-1]
            labels = torch.where(torch.tensor(row.supervised), ids[0], -100)[1:]
            total = total + torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
            count += int(row.supervised[1:].sum())
        (total / count).backward()
        torch.nn.utils.clip_grad_norm_(own.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(total.detach() / count))
    return losses, own


def seen_order(monkeypatch, rows):
    """The rows as they reach the trainer, as numbers, filled while it trains."""
    order: list[int] = []
    places = {row.ids.tobytes(): number for number, row in enumerate(rows)}
    table = tuning._table

    def watched(some):
        made = table(some)

        def look(batch):
            for ids in batch["input_ids"]:
                order.append(places[np.array(ids, np.int32).tobytes()])
            return batch

        made.set_transform(look)
        return made

    monkeypatch.setattr(tuning, "_table", watched)
    return order


def test_twenty_steps_are_those_of_a_plain_loop(model, tokenizer, rows, monkeypatch):
    order = seen_order(monkeypatch, rows)
    own = tuned(model, tokenizer, rows, LINEAR, seed=3)
    order = order[-80:]  # the trainer looks at a row before it starts
    assert sorted(order) == list(range(80)), "every row once"
    losses, expected = by_hand(model, rows, order)
    assert losses[0] > losses[-1]
    assert (weights(own) - weights(expected)).abs().max() < 1e-4
    assert (weights(own) - weights(model)).abs().max() > 1e-3, "it was trained at all"


def test_what_goes_through_at_once_changes_rounding_alone(model, tokenizer, rows, monkeypatch):
    found = []
    for part in (1, 4):
        monkeypatch.setitem(tuning.AT_ONCE, "cpu", part)
        found.append(weights(tuned(model, tokenizer, rows[:24], LINEAR, seed=0)))
    assert (found[0] - found[1]).abs().max() < 1e-5


@pytest.mark.parametrize("rank", [None, 2])
def test_states_that_are_computed_again_change_nothing(model, tokenizer, rows, rank):
    how = Training(1.0, None, 1e-2, 4, "linear", 0.0, rank)
    one, other = (
        weights(tuned(model, tokenizer, rows[:12], how, seed=0, checkpointing=again))
        for again in (False, True)
    )
    assert (one - other).abs().max() < 1e-6
    assert (one - weights(model)).abs().max() > 1e-4


def test_a_seed_gives_the_same_bytes_and_another_seed_another_order(model, tokenizer, rows):
    one, same, other = (
        weights(tuned(model, tokenizer, rows[:16], LINEAR, seed=seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_neither_the_model_nor_the_callers_chance_is_touched(model, tokenizer, rows):
    before, needs = weights(model).clone(), [one.requires_grad for one in model.parameters()]
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    expected = random.random(), np.random.random(), float(torch.rand(1))
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    tuned(model, tokenizer, rows[:8], LINEAR, seed=1)
    assert (random.random(), np.random.random(), float(torch.rand(1))) == expected
    assert torch.equal(weights(model), before)
    assert [one.requires_grad for one in model.parameters()] == needs


def test_an_adapter_is_merged_and_leaves_other_weights_alone(model, tokenizer, rows):
    how = Training(2.0, None, 5e-2, 4, "constant", 0.0, 2)
    own = tuned(model, tokenizer, rows[:16], how, seed=0)
    assert type(own) is type(model)
    before, after = dict(model.named_parameters()), dict(own.named_parameters())
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all("proj" in name for name in changed), "embeddings and norms are not adapted"
    for name in changed:
        rank = torch.linalg.matrix_rank(after[name] - before[name], atol=1e-6)
        assert rank <= 2


def test_steps_are_counted_as_they_are_trained():
    assert LINEAR.steps_of(80) == 20
    assert LINEAR.steps_of(81) == 21
    assert Training(2.5, None, 1e-3, 16, "cosine", 0.0, None).steps_of(40) == 8
    fixed = Training(1.0, 7, 1e-3, 16, "cosine", 0.0, None)
    assert fixed.steps_of(10**6) == 7
    assert fixed.passes_of(56) == pytest.approx(2.0)


def test_a_tokenizer_without_a_token_to_pad_with_serves(model, rows):
    bare = make_tokenizer(CHATML, bos=None, eos=None)
    assert bare.pad_token is None
    own = tuned(model, bare, rows[:8], LINEAR, seed=0)
    assert torch.isfinite(weights(own)).all()
    assert bare.pad_token is None
