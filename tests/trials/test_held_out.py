"""Losses of answers: those of the model's own loss, whatever goes through at once."""

from __future__ import annotations

import numpy as np
import pytest
from tests.models.tiny_models import make_model

from spanset.models.rendering.renderer import Rendered
from spanset.trials.held_out import HeldOutRows

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def model():
    return make_model("llama", vocabulary=60)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    made = []
    for length in [3, 40, 7, 7, 100, 25]:
        ids = rng.integers(0, 60, length).astype(np.int32)
        made.append(Rendered(ids, np.arange(length) >= length // 2, truncated=False))
    return made


def test_losses_are_the_models_own(model, rows):
    found = HeldOutRows("s", rows, {}, 200).scored(model)
    for row, loss, tokens in zip(rows, found.values, found.weights, strict=True):
        ids = torch.tensor(row.ids[None].astype(np.int64))
        labels = torch.where(torch.tensor(row.supervised[None]), ids, -100)
        with torch.no_grad():
            expected = float(model(input_ids=ids, labels=labels).loss)
        assert tokens == row.supervised.sum()
        assert loss / tokens == pytest.approx(expected, rel=1e-5)
    assert found.mean == pytest.approx(found.values.sum() / found.weights.sum())


@pytest.mark.parametrize("at_once", [1, 64, 10_000])
def test_what_goes_through_at_once_changes_rounding_alone(model, rows, at_once):
    expected = HeldOutRows("s", rows, {}, 100).scored(model)
    found = HeldOutRows("s", rows, {}, at_once).scored(model)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-5)
