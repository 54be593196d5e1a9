"""The check at start-up: exact inner products, expected errors, and a fault that it finds."""

# ruff: noqa: E402 (modules that need torch come after the question whether it is there)

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from tests.features.tiny_models import make_model

from spanset.features import capture as capture_module
from spanset.features.capture import GradientCapture
from spanset.features.padded import Batch
from spanset.features.selfcheck import _Grams, check_sketching
from spanset.features.sketches import make_sketch
from spanset.features.targets import find_layers

RANK, DIMENSION = 8, 256


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    supervised = np.zeros((6, 18), bool)
    supervised[:, 9:] = True
    return Batch(rng.integers(3, 97, (6, 18)), supervised)


def fold_of(layers, rank=RANK, seed=0):
    return make_sketch("fold", layers, rank=rank, dimension=DIMENSION, seed=seed)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_products_are_those_of_the_full_gradients(family, batch):
    model = make_model(family)
    layers = find_layers(model)
    grams = _Grams(fold_of(layers))
    with GradientCapture(model, layers) as capture:
        capture(batch, grams)
        full = capture(batch, make_sketch("none", layers, rank=1, dimension=1, seed=0)).total
    full = full.double().numpy()
    np.testing.assert_allclose(grams.products.numpy(), full @ full.T, rtol=1e-4, atol=1e-6)
    expected = np.zeros((6, 6))
    start = 0
    for layer in layers:
        size = layer.inputs * layer.outputs
        g = full[:, start : start + size].reshape(6, layer.outputs, layer.inputs)
        products = np.einsum("aoi,boj->abij", g, g)
        expected += (products**2).sum((2, 3))
        start += size
    np.testing.assert_allclose(grams.spread.numpy(), expected, rtol=1e-3)


def test_the_error_is_the_expected_one_over_many_seeds(batch):
    model = make_model("llama")
    layers = find_layers(model)
    with GradientCapture(model, layers) as capture:
        checks = [check_sketching(capture, batch, fold_of(layers, seed=s)) for s in range(40)]
    observed = np.sqrt(np.mean([check.error**2 for check in checks]))
    assert 0.6 * checks[0].expected < observed < 1.25 * checks[0].expected
    assert not any(check.is_suspicious for check in checks)


def test_signs_that_are_all_alike_are_suspicious(batch):
    """Negative control: without signs the sums of rows are no sketch."""
    model = make_model("llama")
    layers = find_layers(model)
    sketch = fold_of(layers)
    for _, table, *_ in sketch._tables:
        table.fill_(1.0)
    for down in sketch._down:
        down.fill_(1.0)
    with GradientCapture(model, layers) as capture:
        check = check_sketching(capture, batch, sketch)
    assert check.is_suspicious
    assert "off by" in str(check)


def test_a_layer_without_an_adapter_is_expected_to_err_by_the_fold_alone(batch):
    model = make_model("llama")
    layers = find_layers(model)
    with GradientCapture(model, layers) as capture:
        low = check_sketching(capture, batch, fold_of(layers))
        full = check_sketching(capture, batch, fold_of(layers, rank=32))
    assert full.expected < low.expected
    assert full.expected == pytest.approx(np.sqrt(np.mean(1.0) / DIMENSION), rel=0.5)


def test_an_overflow_in_float16_lowers_the_scale_of_the_check_too(batch, monkeypatch):
    model = make_model("llama").to(torch.float16)
    layers = find_layers(model)
    sketch = make_sketch(
        "fold", layers, rank=RANK, dimension=DIMENSION, seed=0, dtype=torch.float16
    )
    monkeypatch.setattr(capture_module, "SCALES", {"float16": (2.0**14 * 1e4, 1.0)})
    with GradientCapture(model, layers) as capture:
        check = check_sketching(capture, batch, sketch)
    assert np.isfinite(check.error)
    assert not check.is_suspicious
