"""A pool of which picks span hardly more than random rows."""

from __future__ import annotations

import numpy as np

from spanset.diversity.verdict import NO_HEADROOM
from spanset.runs.signs.finished_case import MOST_OF_POOL, FinishedCase
from spanset.runs.signs.sign import Sign


def no_room(case: FinishedCase) -> Sign | None:
    """A pick adds hardly more than a random row does.

    By the ratio of the geometric means of gains, which the log determinants at hand give; the
    limit is that of "little room to select" of `spanset measure`, whose ratio is of equivalent
    sizes and needs a reference of its own. Uniform points measure 1.005 in 4,096 dimensions, 1.02
    in 384 to 768 (k = 1,000 of 5,000; 1.04 for k = 200) and 1.07 in 128 and 32 (k = 200), a
    cross-polytope 1.02 (k = 200) to 1.05; LIMA 1.06 (k = 500) to 1.09, Alpaca 1.12 to 1.14, GSM8K
    1.13 to 1.20, role play 1.11 to 1.17, T0 1.30 to 1.60, code 1.54.

    Numbers: the ratio; log determinants of picks and of random rows, nats per row.
    """
    if not case.has_gains or case.share_picked > MOST_OF_POOL:
        return None
    if case.quality_weight > 0.0:  # which takes volume for its own sake
        return None
    picked, random = case.log_det_per_row("picked"), case.log_det_per_row("random")
    if picked is None or random is None:
        return None
    ratio = float(np.exp(picked - random))
    if ratio > NO_HEADROOM:
        return None
    return Sign(
        "no-room",
        f"a pick adds {ratio:.2f} times what a random row does",
        "by these features the pool is about as diverse as it can be, so that random rows are "
        "nearly as diverse as the picks: selecting is unlikely to help",
        "take --method random, choose by --quality, or compare rows by another representation "
        "(--model M)",
        {"ratio": ratio, "picked_log_det_per_row": picked, "random_log_det_per_row": random},
    )
