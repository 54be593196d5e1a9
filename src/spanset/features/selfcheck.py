"""A check at start-up that the sketch keeps the inner products of this model's gradients.

For a few real rows the exact inner products of their full gradients are computed from inputs and
output gradients alone, <G_a, G_b> = sum over layers of sum((X_a X_b^T) * (D_a D_b^T)), and compared
with those of their sketches. The error is expected to have a standard deviation that follows from
the same products: see `_Grams`. Far more means a sketch that does not fit the model, or a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spanset.features.capture import GradientCapture
from spanset.features.padded import Batch
from spanset.features.sketches import Sketch

if TYPE_CHECKING:
    import torch

SIGMAS = 4.0  # an error beyond these is suspicious: one in 10,000 for one pair of rows


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
    """

    error: float
    expected: float
    largest: float

    @property
    def is_suspicious(self) -> bool:
        """Whether the root mean square is far beyond what is expected."""
        return not self.error <= SIGMAS * self.expected

    def __str__(self) -> str:
        return (
            f"the sketch's inner products are off by {self.error:.1%} where {self.expected:.1%} is "
            "expected: raise --rank and --dimension, or report the model's name"
        )

    def record(self) -> dict[str, float]:
        """Plain values, for a manifest."""
        values = {"error": self.error, "expected": self.expected, "largest": self.largest}
        return {name: float(f"{value:.3g}") for name, value in values.items()}


def check_sketching(capture: GradientCapture, batch: Batch, sketch: Sketch) -> SketchCheck:
    """Compare the sketch with the full gradients on one batch; two passes of the model."""
    grams = _Grams(sketch)
    scale = capture(batch, grams).scale
    sketched = capture(batch, sketch).total.double().cpu().numpy()
    exact = grams.products.double().numpy() / scale**2
    spread = grams.spread.double().numpy() / scale**4

    lengths = np.sqrt(np.diag(exact))
    unit = np.outer(lengths, lengths)
    error = (sketched @ sketched.T - exact) / unit
    cosine = exact / unit
    rank = sketch.rank or 1
    variance = 2.0 * spread / rank / unit**2 + (1.0 + cosine**2) / sketch.dimension
    upper = np.triu_indices(len(batch.ids))
    return SketchCheck(
        error=float(np.sqrt(np.mean(error[upper] ** 2))),
        expected=float(np.sqrt(np.mean(variance[upper]))),
        largest=float(np.max(np.abs(error[upper]) / np.sqrt(variance[upper]))),
    )


class _Grams:
    """Exact inner products of full gradients, never formed; a `Reducer`.

    Attributes
    ----------
    products : (B, B)
        <G_a, G_b>, summed over layers.
    spread : (B, B)
        Sum over reduced layers of |G_a^T G_b|_F^2: the error that A adds to <G_a, G_b> has the
        variance (|G_a^T G_b|^2 + tr((G_a^T G_b)^2)) / r, less a term of the diagonal, at most
        twice spread / r.
    """

    products: torch.Tensor
    spread: torch.Tensor

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch

    def start(self, batch: int) -> torch.Tensor:
        """Zeros; what matters here is quadratic in the gradients and stays with the object."""
        import torch

        self.products, self.spread = torch.zeros(batch, batch), torch.zeros(batch, batch)
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
        if not self.sketch.is_reduced(layer):
            return
        # |X_a^T K X_b|^2 = <K^T (X_a X_a^T) K, X_b X_b^T> with K = D_a D_b^T.
        own = torch.diagonal(inputs).permute(2, 0, 1)
        turned = own[:, None] @ slopes
        self.spread += ((slopes @ own[None]) * turned).sum((2, 3)).cpu()
