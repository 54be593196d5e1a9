"""From the gradient of a layer's weights to d numbers an example: LoRA, then a sketch.

The gradient of a linear layer's weights is sum_t delta_t x_t^T, out x in, for inputs x and output
gradients delta. LoRA with its second matrix at zero leaves the model as it is and has the gradient
G = sum_t delta_t (A x_t)^T, out x r, for a fixed random A (r x in) with variance 1/r: inner
products of G are those of the full gradient on average. A sketch then reduces G to d numbers a
layer and adds the layers up.

    fold      (default) multiply G by a full table of signs, put its rows into d/r groups at
              random, sum each group: a structured CountSketch. No scatter, no atomics; unbiased,
              with variance about (|x|^2 |y|^2 + (x.y)^2) / d (exactly so where the columns of G are
              of one length). A adds (|M|^2 + tr(M^2) - 2 sum M_ii^2) / r, M = X^T Y, a layer;
              a layer with no more than r inputs needs no A, and is folded as it is.
    factored  P_out G A^T, with p = d/r rows of signs / sqrt(p) as P_out: reduces inputs and output
              gradients apart and never forms G. Cheapest. Beside the two terms above it has
              (|N|^2 + tr(N^2) - 2 sum N_ii^2) / p, N = X Y^T, a layer, and about
              (|M|^2 + |N|^2) / d; a layer with no more than p outputs has none of these.
    paper     r = 512 and a sparse random projection of density 1/sqrt(D) to d = 4,096, as published
              (Wang et al. 2024): for comparison. At that density most coordinates are never read.
    none      the full gradient, out x in a layer: for tiny models, and as an oracle.

All signs come from a counter-based hash of (seed, layer name, place) and are drawn on the host, so
that every device and every process has the same. The signs of the fold are one table of out x r:
signs that factor into rows times columns would let the entries of a row cancel or add together.

Shapes: B examples, T tokens, `in` and `out` features of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.errors import UsageError
from spanset.features.sketches.factored import TwoSided
from spanset.features.sketches.fold import SignedFold
from spanset.features.sketches.full import FullGradient
from spanset.features.sketches.reducer import Layer, Reducer, Sketch, gradient
from spanset.features.sketches.sparse import PAPER_DIMENSION, PAPER_RANK, SparseProjection

if TYPE_CHECKING:
    import torch

__all__ = [
    "KINDS",
    "PAPER_DIMENSION",
    "PAPER_RANK",
    "VERSION",
    "FullGradient",
    "Layer",
    "Reducer",
    "SignedFold",
    "Sketch",
    "SparseProjection",
    "TwoSided",
    "check_sketch",
    "gradient",
    "make_sketch",
]

VERSION = 1  # of the random numbers and of how they are used; part of every store's settings
KINDS = ("fold", "factored", "paper", "none")


def check_sketch(kind: str, rank: int, dimension: int) -> None:
    """Refuse a shape that the sketch cannot take, before any work."""
    for flag, value in (("--rank", rank), ("--dimension", dimension)):
        if value < 1:
            raise UsageError(f"{value} is not positive", where=flag, fix="give 1 or more")
    if kind in ("fold", "factored") and dimension % rank:
        raise UsageError(
            f"the dimension {dimension} is not a multiple of the rank {rank}",
            where="--dimension",
            why="what is kept of a layer is a number of rows, each of `rank` numbers",
            fix=f"use {max(1, round(dimension / rank)) * rank}",
        )


def make_sketch(
    kind: str,
    layers: Sequence[Layer],
    *,
    rank: int,
    dimension: int,
    seed: int,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> Sketch:
    """Sketch by its command-line name, for the layers of a model.

    Parameters
    ----------
    rank, dimension : int
        r and d; the paper's preset and the full gradient have their own.
    device, dtype
        Where the features are added up, and what the model's activations are. A layer's own tables
        go to where that layer is.
    """
    check_sketch(kind, rank, dimension)
    if kind == "fold":
        return SignedFold(layers, rank, dimension, seed, device, dtype)
    if kind == "factored":
        return TwoSided(layers, rank, dimension, seed, device, dtype)
    if kind == "paper":
        return SparseProjection(layers, PAPER_RANK, PAPER_DIMENSION, seed, device, dtype)
    if kind == "none":
        return FullGradient(layers, device)
    raise UsageError(f"no sketch {kind!r}", where="--sketch", fix=f"use {', '.join(KINDS)}")
