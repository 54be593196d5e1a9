"""A sketch that hides the differences between rows; or features wider than they need to be.

Both by one ratio, that of the self-check of sketches (models/passes/selfcheck.py): the error of a
cosine that d numbers make, sqrt((1 + cosine^2) / d), beside the standard deviation of the cosines
of different rows without it. That deviation is 1 / sqrt(effective dimension) of unit rows around
0: the participation ratio of the eigenvalues of their products.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.signs.sign import Sign

# How much of the self-check's limit a narrower choice may take: half in the variance for a finer
# sketch, as there; half in the ratio, where Alpaca lost a twentieth of what picks gain over random
# rows (docs/gradients.md), before narrower features are proposed.
ROOM = float(np.sqrt(0.5))
CAREFUL = 0.5
UNRESOLVED = 0.2  # of the noise: a spread below it cannot be told from 0

# Times that features are wider than that; of less nobody gains much.
WIDE = 4
# Operations a second of a selection on two cores in float64, and seconds from which it is worth a
# word: 5,000 uniform rows, k = 1,000, took 1.3 s with 384 columns and 5.2 s with 4,096; 10,000 rows
# of rank 20 5.3 s with 4,096 and 1.6 s with 256. Not measured in the run: equal runs are to say
# the same.
SPEED = 3e10
WORTH_SAYING = 3.0


class CosineSpread(NamedTuple):
    """Noise of a sketch of d numbers, and the standard deviation of cosines without it."""

    noise: float
    spread: float

    def ratio(self, d: int, wanted: int) -> float:
        """Noise to signal with so many numbers instead of d."""
        return self.noise * float(np.sqrt(d / wanted)) / self.spread


def coarse_sketch(case: FinishedCase) -> Sign | None:
    """The error of a sketched cosine is as large as what tells rows apart.

    Numbers: error of a cosine, at least; deviation of the cosines without it; their ratio, where
    noise leaves enough to tell; columns, and how many would do.
    """
    sketch = _sketch(case)
    if sketch is None:
        return None
    from spanset.models.passes.selfcheck import COARSE

    d, found = case.X.shape[1], cosine_spread(case, is_sketched=True)
    ratio = found.ratio(d, d)
    if ratio <= COARSE:
        return None
    enough = _columns(found, d, ROOM * COARSE, sketch)
    return Sign(
        "coarse-sketch",
        f"a sketch of {d:,} numbers puts cosines off by {found.noise:.3f} or more; without that, "
        f"those of different rows vary by about {found.spread:.3f}",
        "what tells rows apart is largely the error of the sketch, and so are the picks",
        ("--sketch fold " if sketch["kind"] == "paper" else "") + f"--dimension {enough}",
        {"noise": found.noise, "spread": found.spread, "ratio": ratio}
        | {"dimension": d, "enough": enough},
    )


def wide_features(case: FinishedCase) -> Sign | None:
    """Columns far beyond what tells rows apart take most of the selection's time.

    Numbers: columns, and how many would do; effective dimension; seconds that they would save, by
    the operations, on two cores.
    """
    sketch = _sketch(case)
    is_array = case.features.get("kind") == "array"
    if not case.has_gains or case.device != "cpu" or not (is_array or sketch is not None):
        return None
    d = case.X.shape[1]
    if _seconds_saved(case, d, 1) < WORTH_SAYING:
        return None
    from spanset.models.passes.selfcheck import COARSE

    found = cosine_spread(case, is_sketched=sketch is not None)
    enough = _columns(found, d, CAREFUL * COARSE, sketch)
    seconds = _seconds_saved(case, d, enough)
    if WIDE * enough > d or seconds < WORTH_SAYING:
        return None
    effective = 1.0 / found.spread**2
    narrower = f"project the array to {enough} columns (PCA, or a random projection)"
    return Sign(
        "wide-features",
        f"{d:,} columns hold about {effective:,.0f} directions that tell rows apart, and take most "
        "of the time of a selection",
        f"{enough:,} columns would tell rows apart as well, for about {seconds:,.0f} s less on two "
        "cores",
        narrower if is_array else f"--dimension {enough}",
        {"dimension": d, "enough": enough, "effective": effective, "seconds": seconds},
    )


def cosine_spread(case: FinishedCase, *, is_sketched: bool) -> CosineSpread:
    """The two sides of the ratio, from pairs of some rows; the spread is never quite 0."""
    cosines, d = case.cosines, case.X.shape[1]
    noise = float(np.sqrt((1.0 + np.mean(cosines**2)) / d))
    variance = float(cosines.var()) - (noise**2 if is_sketched else 0.0)
    return CosineSpread(noise, float(np.sqrt(max(variance, (UNRESOLVED * noise) ** 2))))


def _sketch(case: FinishedCase) -> Mapping[str, Any] | None:
    """Settings of the sketch; None where features are exact, or no gradients."""
    sketch = case.features.get("sketch")
    is_one = case.features.get("kind") == "gradient" and sketch and sketch["kind"] != "none"
    return sketch if is_one else None


def _columns(found: CosineSpread, d: int, limit: float, sketch: Mapping[str, Any] | None) -> int:
    """The power of two of columns at which noise to signal is within the limit.

    A sketch has a multiple of its rank.
    """
    exact = d * (found.ratio(d, d) / limit) ** 2
    columns = 2 ** max(0, int(np.ceil(np.log2(exact))))
    rank = 1 if sketch is None or sketch["kind"] == "paper" else int(sketch["rank"])
    return -(-columns // rank) * rank


def _seconds_saved(case: FinishedCase, d: int, narrower: int) -> float:
    """Of a selection, by its operations: N k (k + 2 d) products and sums; seconds."""
    return 2.0 * len(case.X) * len(case.picks) * 2.0 * (d - narrower) / SPEED
