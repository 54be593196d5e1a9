"""The LoRA part of a sketch: a fixed random A of r rows for every layer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.sketches.hashing import permutation, signs
from spanset.sketches.reducer import Layer

if TYPE_CHECKING:
    import torch


class LowRank(ABC):
    """A for every layer, and what it keeps of the inputs.

    Where narrow layers are spared, those with no more than r inputs have no A: what it would keep
    is the inputs themselves. Tables are drawn on the host and follow their layer: a model may be
    spread over several devices, and at a layer's first use what belongs to it moves to where it is,
    and stays. What else a sketch needs, `_draw` draws.
    """

    spares_narrow = True  # an adapter of full rank says what the gradient itself says, at more cost

    def __init__(
        self,
        layers: Sequence[Layer],
        rank: int,
        dimension: int,
        seed: int,
        device: torch.device | str,
        dtype: torch.dtype | None,
    ) -> None:
        import torch

        self.rank, self.dimension, self.device = rank, dimension, torch.device(device)
        self._dtype = dtype or torch.float32
        self._down = [
            None
            if self.spares_narrow and layer.inputs <= rank
            else torch.from_numpy(signs(seed, f"{layer.name}/down", rank, layer.inputs))
            .to(self._dtype)
            .mul_(rank**-0.5)
            for layer in layers
        ]
        self._draw(layers, seed)

    @abstractmethod
    def _draw(self, layers: Sequence[Layer], seed: int) -> None:
        """Tables of each layer beside A."""
        ...

    def reductions(self, layer: int) -> tuple[int | None, int | None]:
        """r, where the layer has an A, and None for its outputs."""
        return (None if self._down[layer] is None else self.rank), None

    def start(self, batch: int) -> torch.Tensor:
        """Zeros (B, d) float32, on the sketch's device whatever those of the layers."""
        import torch

        return torch.zeros(batch, self.dimension, device=self.device)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:
        """Z = x A^T, (B, T, r); the inputs themselves where there is no A."""
        import torch

        down = self._down[layer]
        if down is None:
            return x
        if down.device != x.device:
            self._down[layer] = down = down.to(x.device)
        return torch.nn.functional.linear(x, down)

    def _place(self, layer: Layer, seed: int) -> tuple[int, int, slice]:
        """Numbers in a group, groups, and columns, of a layer whose groups fill up d."""
        width = min(self.rank, layer.inputs)
        groups = self.dimension // width
        # Widths that do not divide d leave a few columns to other layers.
        free = self.dimension - groups * width
        start = int(permutation(seed, f"{layer.name}/columns", free + 1)[0])
        return width, groups, slice(start, start + groups * width)
