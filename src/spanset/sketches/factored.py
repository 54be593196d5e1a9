"""The two-sided sketch: output gradients and inputs are reduced apart, and G is never formed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spanset.sketches.hashing import permutation, signs
from spanset.sketches.low_rank import LowRank
from spanset.sketches.reducer import Layer, gradient

if TYPE_CHECKING:
    import torch


class TwoSided(LowRank):
    """P_out G A^T, p x r = d numbers a layer: a matrix of signs on either side.

    A layer with no more than r inputs has no A, as in the fold, and then a larger p. Where there
    are no more than p outputs, P_out only puts them, each with a sign, in different places.
    """

    def _draw(self, layers: Sequence[Layer], seed: int) -> None:
        import torch

        # Of every layer (P_out, places of its rows): p x out, or a row of signs where it is wide.
        self._up: list[tuple[torch.Tensor, torch.Tensor | None]] = []
        self._columns = []
        for layer in layers:
            _, groups, columns = self._place(layer, seed)
            self._columns.append(columns)
            is_wide = layer.outputs <= groups
            table = signs(seed, f"{layer.name}/up", 1 if is_wide else groups, layer.outputs)
            up = torch.from_numpy(table).to(self._dtype)
            places = permutation(seed, f"{layer.name}/places", groups)[: layer.outputs].copy()
            self._up.append(
                (up, torch.from_numpy(places)) if is_wide else (up.mul_(groups**-0.5), None)
            )

    def reductions(self, layer: int) -> tuple[int | None, int | None]:
        """Both r and p, where the layer's inputs and outputs are reduced."""
        up, places = self._up[layer]
        return super().reductions(layer)[0], len(up) if places is None else None

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Add sum_t (P_out delta_t) (A x_t)^T, (B, p, r), to `total` (B, d)."""
        import torch

        up, places = self._up[layer]
        if up.device != delta.device:
            up = up.to(delta.device)
            self._up[layer] = up, places
        small = torch.nn.functional.linear(delta, up) if places is None else delta * up
        share = gradient(kept, small).to(total.device)
        rows = total[:, self._columns[layer]].unflatten(1, (-1, share.shape[2]))
        if places is None:
            rows += share
        else:  # no place twice: always the same bits
            rows.index_add_(1, places.to(total.device), share)
