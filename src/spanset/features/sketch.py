"""From the gradient of a layer's weights to d numbers an example: LoRA, then a sketch.

The gradient of a linear layer's weights is sum_t delta_t x_t^T, out x in, for inputs x and output
gradients delta. LoRA with its second matrix at zero leaves the model as it is and has the gradient
G = sum_t delta_t (A x_t)^T, out x r, for a fixed random A (r x in) with variance 1/r: inner
products of G are those of the full gradient on average. A sketch then reduces G to d numbers a
layer and adds the layers up.

    fold    (default) multiply G by a full table of signs, put its rows into d/r groups at random,
            sum each group: a structured CountSketch. No scatter, no atomics; unbiased, with
            variance about (|x|^2 |y|^2 + (x.y)^2) / d (exactly so where the columns of G are
            of one length). A adds (|M|^2 + tr(M^2) - 2 sum M_ii^2) / r, M = X^T Y, a layer;
            a layer with no more than r inputs needs no A, and is folded as it is.
    paper   r = 512 and a sparse random projection of density 1/sqrt(D) to d = 4,096, as published
            (Wang et al. 2024): for comparison. At that density most coordinates are never read.
    none    the full gradient, out x in a layer: for tiny models, and as an oracle.

All signs come from a counter-based hash of (seed, layer name, place) and are drawn on the host, so
that every device and every process has the same. The signs of the fold are one table of out x r:
signs that factor into rows times columns would let the entries of a row cancel or add together.

Shapes: B examples, T tokens, `in` and `out` features of a layer.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from spanset.errors import UsageError
from spanset.features.hashing import hash64, labelled, permutation, signs

if TYPE_CHECKING:
    import torch

VERSION = 1  # of the random numbers and of how they are used; part of every store's settings
PAPER_RANK, PAPER_DIMENSION = 512, 4096
KINDS = ("fold", "paper", "none")
# Bytes of G folded at once: what a core's cache holds on the host, where memory would be waited
# for; on an accelerator enough to keep it busy. Never more than one example needs.
AT_ONCE = {"cpu": 2**21, "cuda": 2**28}


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

    def is_reduced(self, layer: int) -> bool:
        """Whether A loses anything of the layer's gradient."""
        ...


def check_sketch(kind: str, rank: int, dimension: int) -> None:
    """Refuse a shape that the sketch cannot take, before any work."""
    for flag, value in (("--rank", rank), ("--dimension", dimension)):
        if value < 1:
            raise UsageError(f"{value} is not positive", where=flag, fix="give 1 or more")
    if kind == "fold" and dimension % rank:
        raise UsageError(
            f"the dimension {dimension} is not a multiple of the rank {rank}",
            where="--dimension",
            why="rows of the gradient, each of `rank` numbers, are summed in groups",
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
        Where the model runs and what its activations are.
    """
    check_sketch(kind, rank, dimension)
    if kind == "fold":
        return SignedFold(layers, rank, dimension, seed, device, dtype)
    if kind == "paper":
        return SparseProjection(layers, PAPER_RANK, PAPER_DIMENSION, seed, device, dtype)
    if kind == "none":
        return FullGradient(layers, device)
    raise UsageError(f"no sketch {kind!r}", where="--sketch", fix=f"use {', '.join(KINDS)}")


class _LowRank:
    """The LoRA part: A for every layer, and what it keeps of the inputs.

    `spared` layers have no A: what it would keep is the inputs themselves.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        rank: int,
        dimension: int,
        seed: int,
        device: torch.device | str,
        dtype: torch.dtype | None,
        spared: Collection[Layer] = (),
    ) -> None:
        import torch

        self.rank, self.dimension, self.device = rank, dimension, torch.device(device)
        self._down = [
            None
            if layer in spared
            else torch.from_numpy(signs(seed, f"{layer.name}/down", rank, layer.inputs))
            .to(self.device, dtype or torch.float32)
            .mul_(rank**-0.5)
            for layer in layers
        ]

    def is_reduced(self, layer: int) -> bool:
        """Whether A loses anything of the layer's gradient."""
        return self._down[layer] is not None

    def start(self, batch: int) -> torch.Tensor:
        """Zeros (B, d) float32."""
        import torch

        return torch.zeros(batch, self.dimension, device=self.device)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:
        """Z = x A^T, (B, T, r); the inputs themselves where there is no A."""
        import torch

        down = self._down[layer]
        return x if down is None else torch.nn.functional.linear(x, down)


class SignedFold(_LowRank):
    """Signs, then sums over random groups of rows; see the module's text."""

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


class SparseProjection(_LowRank):
    """The paper's preset: a sparse random projection of all layers' G, side by side."""

    def __init__(
        self,
        layers: Sequence[Layer],
        rank: int,
        dimension: int,
        seed: int,
        device: torch.device | str,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__(layers, rank, dimension, seed, device, dtype)
        import torch
        from scipy import sparse

        whole = sum(layer.outputs * rank for layer in layers)
        density = whole**-0.5
        value = (density * dimension) ** -0.5
        self._matrices = []
        for layer in layers:
            size = layer.outputs * rank
            # Nonzeros at random places, as many as the density makes on average.
            count = round(size * dimension * density)
            counters = np.arange(count, dtype=np.uint64)
            places = hash64(labelled(seed, f"{layer.name}/places"), counters)
            bits = hash64(labelled(seed, f"{layer.name}/values"), counters)
            rows = (bits >> np.uint64(1)) % np.uint64(dimension)
            values = np.where(bits & np.uint64(1), value, -value).astype(np.float32)
            columns = places % np.uint64(size)
            matrix = sparse.csr_matrix(
                (values, (rows.astype(np.int64), columns.astype(np.int64))), (dimension, size)
            )
            with warnings.catch_warnings():
                # torch calls the layout a beta, once in a process; nothing here depends on more.
                warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
                moved = torch.sparse_csr_tensor(
                    torch.from_numpy(matrix.indptr.astype(np.int64)),
                    torch.from_numpy(matrix.indices.astype(np.int64)),
                    torch.from_numpy(matrix.data),
                    size=matrix.shape,
                    device=self.device,
                    check_invariants=False,
                )
            self._matrices.append(moved)

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Project G (B, out, r) and add it to `total` (B, d)."""
        flat = gradient(kept, delta).flatten(1)
        total += (self._matrices[layer] @ flat.T).T


class FullGradient:
    """The gradient itself, layer after layer; d = sum of out x in."""

    rank = None

    def is_reduced(self, layer: int) -> bool:  # noqa: ARG002 - as the protocol
        """No layer is."""
        return False

    def __init__(self, layers: Sequence[Layer], device: torch.device | str) -> None:
        import torch

        sizes = [layer.outputs * layer.inputs for layer in layers]
        self.device = torch.device(device)
        self.dimension = sum(sizes)
        ends = np.cumsum(sizes).tolist()
        self._places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]

    def start(self, batch: int) -> torch.Tensor:
        """Zeros (B, d) float32."""
        import torch

        return torch.zeros(batch, self.dimension, device=self.device)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - as the protocol
        """The inputs themselves."""
        return x

    def add(self, layer: int, kept: torch.Tensor, delta: torch.Tensor, total: torch.Tensor) -> None:
        """Write the layer's gradient into its place; a layer called twice adds up."""
        total[:, self._places[layer]] += gradient(kept, delta).flatten(1)


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
