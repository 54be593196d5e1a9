"""Sketches by their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.base.errors import UsageError
from spanset.sketches.factored import TwoSided
from spanset.sketches.fold import SignedFold
from spanset.sketches.full import FullGradient
from spanset.sketches.reducer import Layer, Sketch
from spanset.sketches.sparse import PAPER_DIMENSION, PAPER_RANK, SparseProjection

if TYPE_CHECKING:
    import torch


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
