"""The signed fold: signs, then sums over random groups of rows. A structured CountSketch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.features.hashing import permutation, signs
from spanset.features.sketches.low_rank import LowRank
from spanset.features.sketches.reducer import Layer, gradient

if TYPE_CHECKING:
    import torch

# Bytes of G folded at once: what a core's cache holds on the host, where memory would be waited
# for; on an accelerator enough to keep it busy. Never more than one example needs.
AT_ONCE = {"cpu": 2**21, "cuda": 2**28}


class SignedFold(LowRank):
    """Signs, then sums over random groups of rows; see the package's text."""

    def __init__(
        self,
        layers: Sequence[Layer],
        rank: int,
        dimension: int,
        seed: int,
        device: torch.device | str,
        dtype: torch.dtype | None,
    ) -> None:
        # An adapter of full rank says what the gradient itself says, at more cost.
        spared = [layer for layer in layers if layer.inputs <= rank]
        super().__init__(layers, rank, dimension, seed, device, dtype, spared)
        import torch

        self._at_once = AT_ONCE.get(self.device.type, AT_ONCE["cuda"])
        # Bytes on an accelerator, where tables of large models weigh; floats on the host, where a
        # product of two types is slow.
        kind = torch.float32 if self.device.type == "cpu" else torch.int8
        self._tables = []
        for layer in layers:
            width = min(rank, layer.inputs)
            groups = dimension // width
            order = torch.from_numpy(permutation(seed, f"{layer.name}/rows", layer.outputs))
            table = torch.from_numpy(signs(seed, f"{layer.name}/signs", layer.outputs, width))
            # Rows beyond a multiple of the groups go to some groups, chosen at random.
            extra = permutation(seed, f"{layer.name}/groups", groups)
            rest = torch.from_numpy(extra[: layer.outputs % groups].copy())
            moved = (order, table.to(kind)[order], rest)
            # Widths that do not divide d leave a few columns to other layers.
            free = dimension - groups * width
            start = int(permutation(seed, f"{layer.name}/columns", free + 1)[0])
            columns = slice(start, start + groups * width)
            self._tables.append((*(tensor.to(self.device) for tensor in moved), columns))

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Fold G (B, out, r) into `total` (B, d)."""
        order, table, rest, columns = self._tables[layer]
        outputs, width = table.shape
        full = outputs - len(rest)
        step = max(1, self._at_once // (4 * outputs * width))
        for start in range(0, len(delta), step):
            part = slice(start, start + step)
            folded = gradient(kept[part], delta[part]).index_select(1, order).mul_(table)
            groups = total[part, columns].unflatten(1, (-1, width))
            if full:
                groups += folded[:, :full].unflatten(1, (-1, groups.shape[1])).sum(dim=1)
            if len(rest):
                groups.index_add_(1, rest, folded[:, full:])  # no index twice: always the same bits
