"""The paper's preset: a sparse random projection, as published (Wang et al. 2024)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spanset.sketches.hashing import hash64, labelled
from spanset.sketches.low_rank import LowRank
from spanset.sketches.reducer import Layer, gradient

if TYPE_CHECKING:
    import torch

PAPER_RANK, PAPER_DIMENSION = 512, 4096


class SparseProjection(LowRank):
    """A sparse random projection of all layers' G, side by side."""

    spares_narrow = False  # as published

    def _draw(self, layers: Sequence[Layer], seed: int) -> None:
        import torch
        from scipy import sparse

        whole = sum(layer.outputs * self.rank for layer in layers)
        density = whole**-0.5
        value = (density * self.dimension) ** -0.5
        self._matrices = []
        for layer in layers:
            size = layer.outputs * self.rank
            # Nonzeros at random places, as many as the density makes on average.
            count = round(size * self.dimension * density)
            counters = np.arange(count, dtype=np.uint64)
            places = hash64(labelled(seed, f"{layer.name}/places"), counters)
            bits = hash64(labelled(seed, f"{layer.name}/values"), counters)
            rows = (bits >> np.uint64(1)) % np.uint64(self.dimension)
            values = np.where(bits & np.uint64(1), value, -value).astype(np.float32)
            columns = places % np.uint64(size)
            matrix = sparse.csr_matrix(
                (values, (rows.astype(np.int64), columns.astype(np.int64))), (self.dimension, size)
            )
            with warnings.catch_warnings():
                # torch calls the layout a beta, once in a process; nothing here depends on more.
                warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
                drawn = torch.sparse_csr_tensor(
                    torch.from_numpy(matrix.indptr.astype(np.int64)),
                    torch.from_numpy(matrix.indices.astype(np.int64)),
                    torch.from_numpy(matrix.data),
                    size=matrix.shape,
                    check_invariants=False,
                )
            self._matrices.append(drawn)

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Project G (B, out, r) and add it to `total` (B, d)."""
        flat = gradient(kept, delta).flatten(1)
        if self._matrices[layer].device != flat.device:
            self._matrices[layer] = self._matrices[layer].to(flat.device)
        total += (self._matrices[layer] @ flat.T).T.to(total.device)
