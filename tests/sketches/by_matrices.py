"""Sketches as the matrices that they are, and layers whose gradients are sketched."""

import numpy as np
import torch

from spanset.sketches.hashing import permutation, signs
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import Layer

RANK, GROUPS = 8, 4
DIMENSION = RANK * GROUPS


def make_fold(layers, seed=0, rank=RANK, dimension=DIMENSION):
    return make_sketch("fold", layers, rank=rank, dimension=dimension, seed=seed)


def units_of(g):
    """Output gradients that make G of its own rows: a token for each row."""
    return torch.eye(g.shape[1]).expand(len(g), -1, -1)


def fold(sketch, gradients):
    """The sketch of given G, one array (B, out, r) for each layer; (B, d)."""
    total = sketch.start(len(gradients[0]))
    for number, g in enumerate(gradients):
        sketch.add(number, torch.from_numpy(g).float(), units_of(g), total)
    return total.double().numpy()


def fold_by_hand(layer, seed):
    """The same matrix as the module's text has it, a place at a time."""
    order = permutation(seed, f"{layer.name}/rows", layer.outputs)
    table = signs(seed, f"{layer.name}/signs", layer.outputs, RANK)
    extra = permutation(seed, f"{layer.name}/groups", GROUPS)
    whole = layer.outputs - layer.outputs % GROUPS
    matrix = np.zeros((GROUPS, RANK, layer.outputs, RANK))
    for place, row in enumerate(order):
        group = place % GROUPS if place < whole else extra[place - whole]
        for column in range(RANK):
            matrix[group, column, row, column] = table[row, column]
    return matrix.reshape(DIMENSION, -1)


LAYERS = [Layer(f"layers.{i}", 20, 22) for i in range(16)]  # 22 rows in 4 groups: not a multiple
RANKS, PAIRS, SEEDS = (1, 3, 8), 8, 400


def products(vectors):
    """|x|^2 and <x, y> for the pairs (x, y) of consecutive rows."""
    return np.stack([(vectors[::2] ** 2).sum(axis=1), (vectors[::2] * vectors[1::2]).sum(axis=1)])


def two_sided(seed, layers=LAYERS, rank=RANK, dimension=DIMENSION):
    return make_sketch("factored", layers, rank=rank, dimension=dimension, seed=seed)


def reduced(sketch, full):
    """The sketch of full gradients, one array (B, out, in) for each layer; (B, d)."""
    total = sketch.start(len(full[0]))
    for number, w in enumerate(full):
        kept = sketch.keep(number, torch.eye(w.shape[2]).expand(len(w), -1, -1))
        delta = torch.from_numpy(w).float().transpose(1, 2)
        sketch.add(number, kept, delta, total)
    return total.double().numpy()
