"""Rows of tokens, passes that capture their gradients, and comparisons of what they captured."""

from dataclasses import replace

import numpy as np
import torch
from tests.models.tiny_models import VOCABULARY

from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch

RANK = 8


def make_rows(n, seed=0):
    """Token ids and supervised tokens of rows of 6 to 20 tokens, the last one supervised."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(6, 21, n)
    ids = [rng.integers(3, VOCABULARY, length).astype(np.int32) for length in lengths]
    supervised = [np.append(False, rng.random(length - 1) < 0.5) for length in lengths]
    for marks in supervised:
        marks[-1] = True
    return ids, supervised


def take(rows, order):
    return Batch.pad([rows[0][i] for i in order], [rows[1][i] for i in order])


def whole(rows):
    return take(rows, range(len(rows[0])))


def captured(model, batch, *, layers=None, weights=None, sketch=None, checkpointing=False):
    """One pass, by default to the full gradients side by side."""
    layers = layers or find_layers(model)
    sketch = sketch or make_sketch("none", layers, rank=RANK, dimension=64, seed=0)
    with GradientCapture(model, layers, checkpointing=checkpointing) as capture:
        if weights is not None:
            weights = np.repeat(weights[:, None], batch.ids.shape[1], axis=1)
            batch = replace(batch, weights=weights)
        return capture(batch, sketch)


def assert_close(got, expected, what, tolerance=1e-5):
    """Every row to a relative error in the Euclidean norm."""
    got, expected = got.flatten(1), expected.flatten(1)
    assert (expected.norm(dim=1) > 0).all(), f"{what}: the oracle is zero, so nothing is tested"
    error = ((got - expected).norm(dim=1) / expected.norm(dim=1)).max().item()
    assert error < tolerance, f"{what}: relative error {error:.1e}"


def cosines(one, two):
    return torch.nn.functional.cosine_similarity(one, two, dim=1)


def assert_agree(got, expected):
    """As far as half precision goes: direction to 0.99, length to 15%."""
    assert (cosines(got, expected) > 0.99).all(), cosines(got, expected)
    lengths = got.norm(dim=1) / expected.norm(dim=1)
    assert (lengths - 1).abs().max() < 0.15, f"a scale is left in: {lengths}"
