"""A quality that drowns diversity, or one that is not heard.

Said by the overlap of the picks with the top k by quality, 0 for as many random rows and 1 for the
same rows. What lambda would be balanced follows from how much the two parts of a score differ
between rows: lambda times the deviation of log q beside (1 - lambda) times that of log gain.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from spanset.base.array_types import FloatArray
from spanset.diversity.ldd import clamped_logs
from spanset.runs.signs.finished_case import LOOKED_AT, MOST_OF_POOL, STREAM, FinishedCase
from spanset.runs.signs.sign import Sign, per_cent

# Overlap from which picks are those of `--method top`. Lambda 0.9 measures 0.95 to 1.0 with lengths
# of answers, perplexities and Cauchy-tailed scores on Alpaca, GSM8K and LIMA; lambda 0.1 at most
# 0.51, and 0.88 with Cauchy tails.
ALL_QUALITY = 0.9
# Overlap from which quality is to blame for picks that span no more than random rows do: lengths at
# lambda 0.5 measure 0.78 to 0.96, and then span 0.06 nats a row less than random rows of LIMA.
MUCH_QUALITY = 0.5
# Overlap, and ratio of deviations, below both of which quality does not show in the picks. A score
# of 100 +- 1 at lambda 0.1 measures 0.008 to 0.032 and 0.009 to 0.026; ratings and perplexities
# from 0.07 and 0.17 on; lengths at lambda 0.01, on Alpaca, 0.026 and 0.28.
UNHEARD_OVERLAP = 0.05
UNHEARD_RATIO = 0.05

EXPLAINING = 1_000  # first picks (and given rows) that residuals are taken after: 0.1 s
MIDDLE = (0.16, 0.84)  # quantiles: one standard deviation of a normal distribution on each side
SPREADS = (1e-100, 1e100)  # so that ratios are numbers
JITTER = 1e-6  # of k(i, i), on the diagonal: picks of a quality alone may be copies


def quality_alone(case: FinishedCase) -> Sign | None:
    """Picks are nearly the top k by quality, or span no more than random rows for its sake.

    Numbers: overlap with the top k (0 is chance, 1 all); log determinants of picks and of random
    rows, nats per row; lambda, and the one at which both parts weigh alike.
    """
    if not case.weighs_quality or case.share_picked > MOST_OF_POOL:
        return None
    overlap = top_overlap(case)
    picked, random = case.log_det_per_row("picked"), case.log_det_per_row("random")
    is_flat = picked is not None and random is not None and picked <= random
    if overlap < ALL_QUALITY and not (is_flat and overlap >= MUCH_QUALITY):
        return None
    balanced = balanced_weight(case)
    if balanced >= case.quality_weight:  # rows so alike that only quality is left to tell them by
        return None
    flat = ", and they span no more than random rows do" if is_flat else ""
    volumes = {"picked_log_det_per_row": picked, "random_log_det_per_row": random}
    return Sign(
        "quality-alone",
        f"{per_cent(_same_rows(case))} of the picks are among the {len(case.picks):,} rows of "
        f"highest quality{flat}",
        f"qualities differ so much more than gains that at --lambda {case.quality_weight:g} "
        "diversity has no say",
        f"--lambda {balanced:.2g}, at which both weigh alike",
        {"top_overlap": overlap, "lambda": case.quality_weight, "balanced_lambda": balanced}
        | {name: value for name, value in volumes.items() if value is not None},
    )


def quality_unheard(case: FinishedCase) -> Sign | None:
    """Picks are of no higher quality than random rows, because qualities hardly differ.

    Numbers: overlap with the top k (0 is chance, 1 all); ratio of the deviations; lambda, and the
    one at which both parts weigh alike.
    """
    if not case.weighs_quality or case.share_picked > MOST_OF_POOL:
        return None
    overlap = top_overlap(case)
    if overlap >= UNHEARD_OVERLAP:
        return None
    balanced, weight = balanced_weight(case), case.quality_weight
    ratio = weight / (1.0 - weight) * (1.0 - balanced) / balanced
    if ratio >= UNHEARD_RATIO:
        return None
    return Sign(
        "quality-unheard",
        f"in the scores quality varies by {per_cent(ratio)} of what diversity does; "
        f"{per_cent(_same_rows(case))} of the picks are among the {len(case.picks):,} of highest "
        f"quality, of random rows {per_cent(case.share_picked)} would be",
        f"qualities differ so little beside gains that at --lambda {weight:g} they do not show",
        f"--lambda {balanced:.2g}, at which both weigh alike",
        {"top_overlap": overlap, "ratio": ratio, "lambda": weight, "balanced_lambda": balanced},
    )


def top_overlap(case: FinishedCase) -> float:
    """Share of the picks among the top k by quality, less chance; 1 is all, 0 as random rows."""
    chance = case.share_picked
    return (_same_rows(case) - chance) / (1.0 - chance)


def _same_rows(case: FinishedCase) -> float:
    """Share of the picks that `--method top` picks, too."""
    assert case.log_quality is not None  # noqa: S101 (it is weighed)
    k = len(case.picks)
    top = np.argsort(-case.log_quality, kind="stable")[:k]
    return len(np.intersect1d(top, case.picks.order)) / k


def balanced_weight(case: FinishedCase) -> float:
    """Lambda at which one deviation of log q counts as much as one of log gain; in (0, 1)."""
    assert case.log_quality is not None  # noqa: S101 (it is weighed)
    of_gain, of_quality = _spread(_log_gains_left(case)), _spread(case.log_quality)
    return of_gain / (of_gain + of_quality)


def _spread(values: FloatArray) -> float:
    """Half of what the middle two thirds span: a deviation that a few values do not make large.

    The standard deviation where most values are the same; within `SPREADS`.
    """
    low, high = np.quantile(values, MIDDLE)
    with np.errstate(over="ignore"):  # of scores near the largest number that there is
        spread = high / 2.0 - low / 2.0 if high > low else values.std()
    return float(np.clip(spread, *SPREADS))


def _log_gains_left(case: FinishedCase) -> FloatArray:
    """Log gains of some rows that were not picked, after the first picks; clamped at e^-7."""
    picks = case.picks.order[:EXPLAINING]
    left = np.setdiff1d(np.arange(len(case.X)), case.picks.order)
    rows = np.random.default_rng([case.seed, STREAM, 1]).permutation(left)[:LOOKED_AT]
    points, known = case.rows_of(np.sort(rows)), case.rows_of(picks)
    if case.given is not None:
        known = np.concatenate([case.given[:EXPLAINING].astype(np.float64), known])
    gram, diagonal = case.kernel.block(known, known), case.kernel.diagonal(known)
    gram[np.diag_indices(len(gram))] = diagonal * (1.0 + JITTER)
    factor = scipy.linalg.cholesky(gram, lower=True, overwrite_a=True)
    shared = scipy.linalg.solve_triangular(factor, case.kernel.block(known, points), lower=True)
    return clamped_logs(case.kernel.diagonal(points) - np.square(shared).sum(axis=0))
