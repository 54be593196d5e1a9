"""A check at start-up that the sketch keeps the inner products of this model's gradients.

For a few real rows the exact inner products of their full gradients are computed from inputs and
output gradients alone, <G_a, G_b> = sum over layers of sum((X_a X_b^T) * (D_a D_b^T)), and compared
with those of their sketches. Two things can be wrong:

    a fault     The error is expected to have a standard deviation that follows from the same
                products: see `_Grams`. Far more means a sketch that does not fit the model.
    too coarse  The error is as expected, but not small beside the differences between rows, which
                are all that a selection goes by: see `COARSE`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.sketches.reducer import Sketch

if TYPE_CHECKING:
    import torch

SIGMAS = 4.0  # an error beyond these is suspicious: one in 10,000 for one pair of rows
# Noise beside signal from which a sketch is too coarse. At this ratio of 16 rows Alpaca lost a
# tenth of what picks gain over random ones, and a third (Jaccard) were those of exact gradients; at
# half the ratio a twentieth, and a half (benches/results/sketch.json).
COARSE = 0.75
FEWEST = 4  # rows whose cosines tell how much cosines vary
ALIKE = 1e-3  # cosines that vary by less are one number to half precision


@dataclass(frozen=True)
class SketchCheck:
    """Errors of inner products, relative to the lengths of the two gradients.

    Attributes
    ----------
    error : float
        Root of the mean square over all pairs of rows, a row with itself included.
    expected : float
        What it should be.
    largest : float
        Largest error of a pair in its own standard deviations.
    noise : float
        Root of the mean square error of the cosine of two different rows.
    spread : float
        Standard deviation of the exact cosines of different rows; 0 where rows are too few to say.
    by_rank : float
        Part of the expected variance that the rank is to blame for; the rest is the dimension's.
    """

    error: float
    expected: float
    largest: float
    noise: float = 0.0
    spread: float = 0.0
    by_rank: float = 0.0

    @property
    def is_suspicious(self) -> bool:
        """Whether the root mean square is far beyond what is expected."""
        return not self.error <= SIGMAS * self.expected

    @property
    def ratio(self) -> float:
        """Noise to signal: the error of cosines beside how much they vary."""
        return self.noise / self.spread if self.spread > ALIKE else 0.0

    @property
    def is_coarse(self) -> bool:
        """Whether the sketch hides the differences between these rows."""
        return self.ratio > COARSE

    def __str__(self) -> str:
        return (
            f"the sketch's inner products are off by {self.error:.1%} where {self.expected:.1%} is "
            "expected: raise --rank and --dimension, or report the model's name"
        )

    def coarseness(self, kind: str, rank: int, dimension: int) -> str:
        """What was found of a sketch that is too coarse, and what to do."""
        finer = self.finer(kind, rank, dimension)
        to_blame = "rank" if self.by_rank > 0.5 else "dimension"
        names = (("--rank", rank, finer[0]), ("--dimension", dimension, finer[1]))
        is_fixed = kind == "paper"  # and has no flags of its own
        words = ["--sketch fold"] * is_fixed
        words += [f"{flag} {new}" for flag, old, new in names if new != old or is_fixed]
        return (
            f"the sketch is coarse for these rows: cosines are off by {self.noise:.3f} where those "
            f"of different rows vary by {self.spread:.3f}, a ratio of {self.ratio:.2f}; subsets "
            f"suffer from {COARSE:g} on. Most of it is due to the {to_blame}: use {' '.join(words)}"
        )

    def finer(self, kind: str, rank: int, dimension: int) -> tuple[int, int]:
        """Rank and dimension, each doubled until it takes no more than half of what is allowed.

        The variance that the rank is to blame for falls with it, the other with the dimension; of
        a two-sided sketch with d / r, its rows on the other side.
        """
        most = (COARSE / max(self.ratio, COARSE)) ** 2 / 2
        new_rank = rank * _doubled(self.by_rank / most)
        new_dimension = dimension * _doubled((1 - self.by_rank) / most)
        if kind == "factored":
            new_dimension *= new_rank // rank
        while new_dimension % new_rank:
            new_dimension *= 2
        return new_rank, new_dimension

    def record(self) -> dict[str, float]:
        """Plain values, for a manifest."""
        names = ("error", "expected", "largest", "noise", "spread", "by_rank", "ratio")
        return {name: float(f"{getattr(self, name):.3g}") for name in names}


def _doubled(times: float) -> int:
    """The next power of two; 1 at least."""
    return 2 ** max(0, math.ceil(math.log2(times))) if times > 0 else 1


def check_sketching(capture: GradientCapture, batch: Batch, sketch: Sketch) -> SketchCheck:
    """Compare the sketch with the full gradients on one batch; two passes of the model."""
    grams = _Grams(sketch)
    scale = capture(batch, grams).scale
    sketched = capture(batch, sketch).total.double().cpu().numpy()
    exact = grams.products.double().numpy() / scale**2
    by_rank, by_groups = (one.double().numpy() / scale**4 for one in (grams.of_rank, grams.of_rows))

    lengths = np.sqrt(np.diag(exact))
    unit = np.outer(lengths, lengths)
    products = sketched @ sketched.T
    error = (products - exact) / unit
    cosine = exact / unit
    by_rank, by_groups = by_rank / unit**2, by_groups / unit**2
    variance = by_rank + by_groups + (1.0 + cosine**2) / sketch.dimension
    upper = np.triu_indices(len(batch.ids))
    own = np.sqrt(np.diag(products))
    others = np.triu_indices(len(batch.ids), 1)
    noise = (products / np.outer(own, own) - cosine)[others]
    enough = len(batch.ids) >= FEWEST
    return SketchCheck(
        error=float(np.sqrt(np.mean(error[upper] ** 2))),
        expected=float(np.sqrt(np.mean(variance[upper]))),
        largest=float(np.max(np.abs(error[upper]) / np.sqrt(variance[upper]))),
        noise=float(np.sqrt(np.mean(noise**2))) if enough else 0.0,
        spread=float(np.std(cosine[others])) if enough else 0.0,
        by_rank=float(np.mean(by_rank[upper]) / np.mean(variance[upper])),
    )


class _Grams:
    """Exact inner products of full gradients, never formed; a `Reducer`.

    Attributes
    ----------
    products : (B, B)
        <G_a, G_b>, summed over layers.
    of_rank : (B, B)
        Variance of <G_a, G_b> that A adds: (|M|^2 + tr(M^2)) / r, M = G_a^T G_b, less a term of the
        diagonal, summed over reduced layers; here the most it can be, 2 |M|^2 / r.
    of_rows : (B, B)
        What a matrix on the other side adds: 2 |N|^2 / p, N = G_a G_b^T, and, where there are
        both, (|M|^2 + |N|^2) / (r p).
    """

    products: torch.Tensor
    of_rank: torch.Tensor
    of_rows: torch.Tensor

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch

    def start(self, batch: int) -> torch.Tensor:
        """Zeros; what matters here is quadratic in the gradients and stays with the object."""
        import torch

        self.products, self.of_rank, self.of_rows = torch.zeros(3, batch, batch)
        return torch.zeros(batch)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - as the protocol
        """The inputs themselves."""
        return x

    def add(
        self,
        layer: int,
        kept: torch.Tensor,
        delta: torch.Tensor,
        total: torch.Tensor,
    ) -> None:
        """One layer's share, from T x T products of every pair of rows."""
        import torch

        x, d = kept.float(), delta.float()
        inputs = torch.einsum("ati,bui->abtu", x, x)
        slopes = torch.einsum("ato,buo->abtu", d, d)
        self.products += (inputs * slopes).sum((2, 3)).cpu()
        total += d.sum((1, 2)).cpu()  # not a number where the gradient overflowed: see SCALES
        rank, rows = self.sketch.reductions(layer)
        if rank is not None:
            squared = _squared(inputs, slopes).cpu()
            self.of_rank += 2.0 / rank * squared
            if rows is not None:
                self.of_rows += squared / (rank * rows)
        if rows is not None:
            squared = _squared(slopes, inputs).cpu()
            self.of_rows += (2.0 + (0.0 if rank is None else 1.0 / rank)) / rows * squared


def _squared(own: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
    """|X_a^T K X_b|^2 = <K^T (X_a X_a^T) K, X_b X_b^T>; (B, B).

    Parameters
    ----------
    own : (B, B, T, T)
        X_a X_b^T.
    across : (B, B, T, T)
        K, for M the products of output gradients, for N those of inputs.
    """
    import torch

    diagonal = torch.diagonal(own).permute(2, 0, 1)
    return ((across @ diagonal[None]) * (diagonal[:, None] @ across)).sum((2, 3))
