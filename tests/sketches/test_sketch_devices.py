"""Tables of a sketch lie where their layer is, whatever device the sum is on."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")

import torch
from tests.sketches.by_matrices import DIMENSION, RANK

from spanset.sketches.kinds import KINDS, make_sketch
from spanset.sketches.reducer import Layer

elsewhere = pytest.mark.parametrize(
    "device",
    [
        "meta",  # a device without numbers, but one that nothing else may be mixed with
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
        ),
    ],
)


@elsewhere
@pytest.mark.parametrize("kind", KINDS)
def test_tables_are_where_their_layer_is_and_the_sum_is_elsewhere(kind, device):
    """A model spread over devices: layers on the host, features added up on another device."""
    layers, rng = [Layer("a", 9, 11), Layer("b", 5, 6)], np.random.default_rng(0)
    options = {"rank": RANK, "dimension": DIMENSION, "seed": 0}
    sketch, alone = (make_sketch(kind, layers, device=one, **options) for one in (device, "cpu"))
    total, expected = sketch.start(2), alone.start(2)
    assert total.device.type == device
    for number, layer in enumerate(layers):
        x, delta = (torch.from_numpy(rng.normal(size=(2, 4, n))).float()
                    for n in (layer.inputs, layer.outputs))  # fmt: skip
        kept = sketch.keep(number, x)
        assert kept.device == x.device
        sketch.add(number, kept, delta, total)
        alone.add(number, alone.keep(number, x), delta, expected)
    assert total.device.type == device
    if device != "meta":
        np.testing.assert_allclose(total.cpu().numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


@elsewhere
@pytest.mark.parametrize("kind", ["fold", "factored", "paper"])
def test_tables_move_to_their_layer_once_and_stay(kind, device):
    if kind == "paper" and device == "meta":
        pytest.skip("torch has no products of sparse matrices there")
    layers = [Layer("a", 9, 11), Layer("b", 9, 6)]
    sketch = make_sketch(kind, layers, rank=RANK, dimension=DIMENSION, seed=0)
    held = []
    for _ in range(2):
        total = torch.zeros(2, sketch.dimension, device=device)
        for number, place in enumerate((device, "cpu")):
            x, delta = (
                torch.ones(2, 4, 9, device=place),
                torch.ones(2, 4, 11 - 5 * number).to(place),
            )
            sketch.add(number, sketch.keep(number, x), delta, total)
        held.append([sketch._down[0], sketch._down[1]])
        if kind == "fold":
            held[-1] += [one for tables in sketch._tables for one in tables]
        if kind == "factored":
            held[-1] += [up for up, _ in sketch._up]
    assert held[0][0].device.type == device
    assert held[0][1].device.type == "cpu"
    assert all(one is other for one, other in zip(*held, strict=True)), "moved at every use"
