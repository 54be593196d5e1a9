"""The full gradient: for tiny models, and as an oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.sketches.reducer import Layer, gradient

if TYPE_CHECKING:
    import torch


class FullGradient:
    """The gradient itself, layer after layer; d = sum of out x in."""

    rank = None

    def __init__(self, layers: Sequence[Layer], device: torch.device | str) -> None:
        import torch

        sizes = [layer.outputs * layer.inputs for layer in layers]
        self.device = torch.device(device)
        self.dimension = sum(sizes)
        ends = np.cumsum(sizes).tolist()
        self._places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

    def reductions(self, layer: int) -> tuple[None, None]:  # noqa: ARG002 - as the protocol
        """None."""
        return None, None

    def start(self, batch: int) -> torch.Tensor:
        """Zeros (B, d) float32."""
        import torch

        return torch.zeros(batch, self.dimension, device=self.device)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - as the protocol
        """The inputs themselves."""
        return x

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Write the layer's gradient into its place; a layer called twice adds up."""
        total[:, self._places[layer]] += gradient(kept, delta).flatten(1).to(total.device)
