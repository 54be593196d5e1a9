"""What every sketch is: the layers it is of, what it does with them, and their gradients.

Shapes: B examples, T tokens, `in` and `out` features of a layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Layer:
    """A linear layer whose gradient is taken: its name in the model and its shape."""

    name: str
    inputs: int
    outputs: int


class Reducer(Protocol):
    """Turns inputs and output gradients of the layers into what is kept of a batch."""

    def start(self, batch: int) -> torch.Tensor:
        """Zeros to add a batch of examples up in."""
        ...

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:
        """What to keep of the inputs x (B, T, in) until the gradient arrives."""
        ...

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Add the layer's share, from what was kept and delta (B, T, out), to `total`."""
        ...


class Sketch(Reducer, Protocol):
    """A reducer to one vector an example."""

    @property
    def rank(self) -> int | None:
        """r, or None where the gradient is taken as it is."""
        ...

    @property
    def dimension(self) -> int:
        """d, the length of the vector."""
        ...

    def reductions(self, layer: int) -> tuple[int | None, int | None]:
        """To how many the layer's inputs and its outputs are reduced; None: not on their own."""
        ...


def gradient(kept: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
    """G = sum_t delta_t kept_t^T for every example; (B, out, kept features) float32.

    Half precision inputs are multiplied as they are but summed and kept in float32: small
    gradients would underflow in float16.
    """
    import torch

    if delta.dtype == torch.float32:
        return torch.bmm(delta.transpose(1, 2), kept)
    if delta.is_cuda:
        return torch.bmm(delta.transpose(1, 2), kept, out_dtype=torch.float32)
    return torch.bmm(delta.float().transpose(1, 2), kept.float())
