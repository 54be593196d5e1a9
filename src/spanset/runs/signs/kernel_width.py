"""A kernel to which everything is alike, or nothing is; and picks that span the pool already.

Gains are compared with k(i, i), the gain of a row beside nothing, and with e^-7, the gain below
which measures take a row for a copy.
"""

from __future__ import annotations

import numpy as np

from spanset.diversity.ldd import LOG_FLOOR, floor_share
from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.signs.sign import Sign, per_cent

# Share of the picks that add less than e^-7. Alpaca, code and T0 (k = 500 and 1,000, static
# features) measure 0 for gamma from 0.02 on, 0.11 to 0.62 at 0.003, 0.56 to 0.86 at 0.001.
SPENT_PICKS = 0.5
# Mean kernel of random pairs from which the kernel is to blame, not the rows: 0.95 to 0.96 is the
# most that still tells 1,000 of 10,000 rows apart (gamma 0.02); the default measures 0.61 to 0.69.
ALIKE = 0.95

# Share of k(i, i) that the last pick still adds. At gamma 2.5 Alpaca and T0 measure 0.987 (code
# 0.918), and picks span 0.7 % more than random rows of Alpaca; at gamma 1 at most 0.73, at the
# default 0.08 to 0.29. Uniform points of 4,096 dimensions keep 0.39 at the default.
UNTOUCHED = 0.95
# Nats per row by which random rows may fall short of as many without anything in common. A
# hundredth of them near copies costs 0.07: T0 at gamma 2.5 and 5 measures 0.16 and 0.10.
NOTHING_SHARED = 0.2


def all_alike(case: FinishedCase) -> Sign | None:
    """Most picks add next to nothing, because the kernel tells hardly any two rows apart.

    Numbers: share of picks below e^-7; mean kernel of random pairs over k(i, i).
    """
    if not case.has_gains or case.likeness < ALIKE:
        return None
    spent = floor_share(case.picks.gains)
    if spent <= SPENT_PICKS:
        return None
    return Sign(
        "all-alike",
        f"{per_cent(spent)} of the picks add less than e^-7 of a row; two random rows have a "
        f"kernel of {case.likeness:.3f} of what a row has with itself",
        "to this kernel all rows are nearly the same: measures take most picks for copies",
        f"{_rbf(case)}--gamma auto:{len(case.picks)}, the gamma that tells as many rows apart",
        {"spent_picks": spent, "mean_kernel": case.likeness},
    )


def picks_spent(case: FinishedCase) -> Sign | None:
    """Most picks add next to nothing, because the first ones span the pool.

    Numbers: share of picks below e^-7; picks above it.
    """
    if not case.has_gains or case.quality_weight > 0.0 or case.likeness >= ALIKE:
        return None
    spent = floor_share(case.picks.gains)
    if spent <= SPENT_PICKS:
        return None
    telling = int((case.picks.gains >= np.exp(LOG_FLOOR)).sum())
    return Sign(
        "picks-spent",
        f"only {telling:,} of {len(case.picks):,} picks add more than e^-7 of a row",
        "these rows vary in few directions, or repeat each other: the first picks span the rest",
        f"-k {telling}; or, to tell more rows apart, {_rbf(case)}--gamma auto:{len(case.picks)}",
        {"spent_picks": spent, "telling_picks": telling},
    )


def none_alike(case: FinishedCase) -> Sign | None:
    """Picks and random rows alike have next to nothing in common: which are picked is arbitrary.

    Only of rbf, whose gamma decides it. Numbers: gain of the last pick over k(i, i); log
    determinant of random rows in nats per row; share of picks that were ties.
    """
    if not case.has_gains or case.kernel.name != "rbf":  # with which k(i, i) is 1
        return None
    last, random = float(case.picks.gains[-1]), case.log_det_per_row("random")
    if last < UNTOUCHED or (random is not None and random < -NOTHING_SHARED):
        return None
    tied = case.picks.ties / len(case.picks)
    ties = f"; {per_cent(tied)} of the picks were ties, which the row number decides"
    numbers = {"last_gain": last, "tied_picks": tied}
    return Sign(
        "none-alike",
        f"the last pick still adds {per_cent(last)} of what the first did" + ties * (tied > 0.01),
        "to this kernel no two rows are alike but copies: all others are equally new, and which "
        "of them are picked is arbitrary",
        f"--gamma auto:{len(case.picks)}, the gamma that just tells as many rows apart",
        numbers if random is None else numbers | {"random_log_det_per_row": random},
    )


def _rbf(case: FinishedCase) -> str:
    """The kernel that has a gamma, where another was used."""
    return "" if case.kernel.name == "rbf" else "--kernel rbf "
