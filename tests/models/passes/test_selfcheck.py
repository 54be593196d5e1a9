"""The check at start-up: exact inner products, expected errors, and a fault that it finds."""

# ruff: noqa: E402 (modules that need torch come after the question whether it is there)

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from tests.models.tiny_models import make_model

from spanset.models.passes import capture as capture_module
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.selfcheck import COARSE, SketchCheck, _Grams, check_sketching
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import check_sketch, make_sketch

RANK, DIMENSION = 8, 256


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    supervised = np.zeros((6, 18), bool)
    supervised[:, 9:] = True
    return Batch(rng.integers(3, 97, (6, 18)), supervised)


def sketch_of(kind, layers, rank=RANK, dimension=DIMENSION, seed=0):
    return make_sketch(kind, layers, rank=rank, dimension=dimension, seed=seed)


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
    np.testing.assert_allclose(grams.of_rank.numpy(), 2 / RANK * expected, rtol=1e-3)
    assert not grams.of_rows.any()


def test_both_sides_of_a_two_sided_sketch_are_in_what_is_expected(batch):
    model = make_model("llama")
    layers = find_layers(model)
    grams = _Grams(sketch_of("factored", layers, dimension=64))
    with GradientCapture(model, layers) as capture:
        capture(batch, grams)
        full = capture(batch, sketch_of("none", layers)).total.double().numpy()
    of_rank, of_rows, start = np.zeros((6, 6)), np.zeros((6, 6)), 0
    for layer in layers:
        size = layer.inputs * layer.outputs
        g = full[:, start : start + size].reshape(6, layer.outputs, layer.inputs)
        m = (np.einsum("aoi,boj->abij", g, g) ** 2).sum((2, 3))
        n = (np.einsum("aoi,bpi->abop", g, g) ** 2).sum((2, 3))
        of_rank += 2 / RANK * m
        of_rows += 2 / 8 * n + (m + n) / 64
        start += size
    np.testing.assert_allclose(grams.of_rank.numpy(), of_rank, rtol=1e-3)
    np.testing.assert_allclose(grams.of_rows.numpy(), of_rows, rtol=1e-3)


@pytest.mark.parametrize(
    ("kind", "dimension"), [("fold", 256), ("factored", 64), ("factored", 256)]
)
def test_the_error_is_the_expected_one_over_many_seeds(batch, kind, dimension):
    model = make_model("llama")
    layers = find_layers(model)
    sketches = [sketch_of(kind, layers, dimension=dimension, seed=seed) for seed in range(40)]
    with GradientCapture(model, layers) as capture:
        checks = [check_sketching(capture, batch, sketch) for sketch in sketches]
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


# Too coarse for the rows


@pytest.mark.parametrize("kind", ["fold", "factored"])
def test_a_coarse_sketch_is_told_from_a_fine_one(batch, kind):
    """A single number a group, eight in all, beside thousands."""
    model = make_model("llama")
    layers = find_layers(model)
    with GradientCapture(model, layers) as capture:
        coarse = check_sketching(capture, batch, sketch_of(kind, layers, 1, 8))
        fine = check_sketching(capture, batch, sketch_of(kind, layers, 64, 4096))
    assert coarse.is_coarse
    assert not coarse.is_suspicious, "as large as expected"
    assert not fine.is_coarse
    assert coarse.spread == fine.spread > 0.0


def test_noise_and_signal_are_of_cosines_between_different_rows(batch):
    model = make_model("llama")
    layers = find_layers(model)
    sketch = fold_of(layers)
    with GradientCapture(model, layers) as capture:
        check = check_sketching(capture, batch, sketch)
        full = capture(batch, sketch_of("none", layers)).total.double().numpy()
        small = capture(batch, sketch).total.double().numpy()
    units = [X / np.linalg.norm(X, axis=1, keepdims=True) for X in (full, small)]
    exact, own = (X @ X.T for X in units)
    off = np.triu_indices(6, 1)
    assert check.noise == pytest.approx(np.sqrt(np.mean((own - exact)[off] ** 2)), rel=1e-3)
    assert check.spread == pytest.approx(np.std(exact[off]), rel=1e-3)
    assert check.ratio == pytest.approx(check.noise / check.spread)
    assert check.record()["ratio"] == pytest.approx(check.ratio, rel=1e-2)


def test_a_few_rows_or_rows_all_alike_do_not_tell_how_coarse_a_sketch_is(batch):
    model = make_model("llama")
    layers = find_layers(model)
    same = Batch(np.repeat(batch.ids[:1], 5, axis=0), batch.supervised[:5])
    with GradientCapture(model, layers) as capture:
        for rows in (same, Batch(batch.ids[:3], batch.supervised[:3])):
            check = check_sketching(capture, rows, fold_of(layers, rank=1))
            assert check.ratio == 0.0
            assert not check.is_coarse


def check_of(ratio, by_rank):
    return SketchCheck(0.1, 0.1, 1.0, noise=ratio * 0.1, spread=0.1, by_rank=by_rank)


@pytest.mark.parametrize("by_rank", [0.0, 0.05, 0.5, 0.8, 0.99, 1.0])
@pytest.mark.parametrize("times", [1.01, 1.5, 3.0, 20.0])
@pytest.mark.parametrize("kind", ["fold", "factored"])
def test_what_is_advised_is_fine_enough_and_not_much_finer(kind, times, by_rank):
    """One part of the variance falls with the rank, the other with d, or with d / r."""
    check = check_of(times * COARSE, by_rank)
    rank, dimension = check.finer(kind, 8, 512)
    check_sketch(kind, rank, dimension)
    other = 512 / dimension * (rank / 8 if kind == "factored" else 1)
    assert times**2 * (by_rank * 8 / rank + (1 - by_rank) * other) <= 1.0 + 1e-9
    assert (rank, dimension) != (8, 512)
    if rank > 8:
        assert times**2 * by_rank * 8 / (rank / 2) > 0.5, "half the rank would do"


def test_the_larger_part_is_named_with_what_to_use_instead():
    by_rank = check_of(2 * COARSE, 0.95).coarseness("fold", 8, 4096)
    assert "due to the rank: use --rank 64" in by_rank
    assert "--dimension" not in by_rank
    by_dimension = check_of(2 * COARSE, 0.02).coarseness("fold", 8, 512)
    assert "due to the dimension: use --dimension 4096" in by_dimension
    assert "--rank" not in by_dimension
    published = check_of(2 * COARSE, 0.02).coarseness("paper", 512, 4096)
    assert published.endswith("use --sketch fold --rank 512 --dimension 32768")


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
