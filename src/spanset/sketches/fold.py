"""The signed fold: signs, then sums over random groups of rows. A structured CountSketch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.sketches.hashing import permutation, signs
from spanset.sketches.low_rank import LowRank
from spanset.sketches.reducer import Layer, gradient

if TYPE_CHECKING:
    import torch

# Bytes of G folded at once: what a core's cache holds on the host, where memory would be waited
# for; on an accelerator enough to keep it busy. Never more than one example needs.
AT_ONCE = {"cpu": 2**21, "cuda": 2**28}


class SignedFold(LowRank):
    """Signs, then sums over random groups of rows; see the package's text."""

    def _draw(self, layers: Sequence[Layer], seed: int) -> None:
        import torch

        kind = _kind(self.device)
        self._tables, self._columns = [], []
        for layer in layers:
            width, groups, columns = self._place(layer, seed)
            self._columns.append(columns)
            order = torch.from_numpy(permutation(seed, f"{layer.name}/rows", layer.outputs))
            table = torch.from_numpy(signs(seed, f"{layer.name}/signs", layer.outputs, width))
            # Rows beyond a multiple of the groups go to some groups, chosen at random.
            extra = permutation(seed, f"{layer.name}/groups", groups)
            rest = torch.from_numpy(extra[: layer.outputs % groups].copy())
            self._tables.append((order, table.to(kind)[order], rest))

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Fold G (B, out, r) into `total` (B, d)."""
        order, table, rest = self._tables_on(layer, delta.device)
        outputs, width = table.shape
        full = outputs - len(rest)
        at_once = AT_ONCE.get(delta.device.type, AT_ONCE["cuda"])
        step = max(1, at_once // (4 * outputs * width))
        for start in range(0, len(delta), step):
            part = slice(start, start + step)
            folded = gradient(kept[part], delta[part]).index_select(1, order).mul_(table)
            groups = total[part, self._columns[layer]].unflatten(1, (-1, width))
            home = groups.device  # as the layer's, but where a model is spread over several
            if full:
                summed = folded[:, :full].unflatten(1, (-1, groups.shape[1])).sum(dim=1)
                groups += summed.to(home)
            if len(rest):  # no index twice: always the same bits
                groups.index_add_(1, rest.to(home), folded[:, full:].to(home))

    def _tables_on(self, layer: int, device: torch.device) -> tuple[torch.Tensor, ...]:
        """Order, signs and groups of the surplus rows, on the layer's device from now on."""
        if self._tables[layer][0].device != device:
            order, table, rest = self._tables[layer]
            moved = order.to(device), table.to(device, _kind(device)), rest.to(device)
            self._tables[layer] = moved
        return self._tables[layer]


def _kind(device: torch.device) -> torch.dtype:
    """Of signs: bytes on an accelerator, where tables of large models weigh; floats on the host.

    A product of two types is slow there.
    """
    import torch

    return torch.float32 if device.type == "cpu" else torch.int8
