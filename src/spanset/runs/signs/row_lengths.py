"""Picks much shorter or longer than the pool: then subsets of as many rows do not compare.

Tokens alone help: in the first trials random rows with as many tokens did about as well as longer
picks, and short picks did worse (docs/diagnosis.md).
"""

from __future__ import annotations

import numpy as np

from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.signs.sign import Sign

# Tokens of a pick beside those of a row of the pool. Default features, k = 200 to 2,000: 0.62 (T0)
# and 0.65 (LIMA) to 1.09; picks by gradients of a 7M model had 0.52. With --quality output_tokens
# at lambda 0.1 they have 1.37 (GSM8K) to 2.12 (LIMA).
SHORT = 0.6
LONG = 1.0 / SHORT
ERRORS = 3.0  # standard errors of a random subset's mean: a few long rows are no sign


def short_picks(case: FinishedCase) -> Sign | None:
    """Picks hold far fewer tokens than as many random rows.

    Numbers: ratio of tokens per row; tokens of as many random rows, on average.
    """
    ratio = _ratio(case)
    if ratio is None or ratio > SHORT:
        return None
    tokens = _tokens_of_random(case)
    lengthen = "" if case.weighs_quality else ", or --quality output_tokens --lambda 0.1"
    return Sign(
        "short-picks",
        f"a pick has {ratio:.2f} times the tokens of a row of the pool",
        "a model trained on them sees that much less than one trained on as many random rows, "
        "which alone may make it worse",
        f"--tokens {tokens} instead of -k, as much as random rows hold{lengthen}",
        {"tokens_ratio": ratio, "random_tokens": tokens},
    )


def long_picks(case: FinishedCase) -> Sign | None:
    """Picks hold far more tokens than as many random rows.

    Numbers: ratio of tokens per row; tokens of the picks.
    """
    ratio = _ratio(case)
    if ratio is None or ratio < LONG:
        return None
    tokens = int(case.tokens[case.picks.order].sum())
    return Sign(
        "long-picks",
        f"a pick has {ratio:.2f} times the tokens of a row of the pool",
        "a model trained on them sees that much more, which alone may make it better: as many "
        "random rows are no fair comparison, and training takes that much longer",
        f"compare with --method random --tokens {tokens}; or give both the same --tokens",
        {"tokens_ratio": ratio, "picked_tokens": tokens},
    )


def _ratio(case: FinishedCase) -> float | None:
    """Tokens of a pick beside those of a row of the pool; None where chance may be to blame."""
    tokens = case.tokens
    if case.is_budgeted or not tokens.any():
        return None
    mean = float(tokens.mean())
    ratio = float(tokens[case.picks.order].mean()) / mean
    error = float(tokens.std()) / mean / np.sqrt(len(case.picks))
    return ratio if abs(ratio - 1.0) > ERRORS * error else None


def _tokens_of_random(case: FinishedCase) -> int:
    return round(float(case.tokens.mean()) * len(case.picks))
