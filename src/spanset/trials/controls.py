"""Random rows beside choices: as many rows, and as many supervised tokens.

A choice by quality is longer than random rows, one by diversity often shorter, and tokens alone
help: only against as many tokens of random rows does a choice show what it is worth. Choices of
about as many tokens share their control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import IntArray
from spanset.trials.candidate import Candidate

# Choices whose tokens differ by less than this share from a control's stand beside it. Losses fall
# by a few hundredths of a nat where tokens double: 5 % make a difference of a few thousandths.
SAME_TOKENS = 0.05


@dataclass(frozen=True, eq=False)
class Control:
    """Random rows, drawn several times.

    Attributes
    ----------
    name : str
        What it is called.
    draws : tuple of (k,) int64
        Positions in the pool.
    tokens : float
        Supervised tokens, mean over the draws.
    """

    name: str
    draws: tuple[IntArray, ...]
    tokens: float


@dataclass(frozen=True, eq=False)
class Controls:
    """All controls, and which stand beside each choice.

    Attributes
    ----------
    all : tuple of Control
        Each once.
    of_rows, of_tokens : list of int
        Of each choice: the control of as many rows, and of as many tokens.
    """

    all: tuple[Control, ...]
    of_rows: list[int]
    of_tokens: list[int]

    @classmethod
    def draw(
        cls, candidates: Sequence[Candidate], tokens: IntArray, draws: int, seed: int
    ) -> Controls:
        """Draw them.

        Parameters
        ----------
        tokens : (N,) int64
            Supervised tokens of the pool's rows.
        draws : int
            Of each.
        """
        seeds = ([seed, draw] for draw in range(draws))
        orders = [np.random.default_rng(one).permutation(len(tokens)) for one in seeds]
        sizes = sorted({len(one.rows) for one in candidates})
        made = [
            _control(f"random, {size:,} rows", [order[:size] for order in orders], tokens)
            for size in sizes
        ]
        by_size = dict(zip(sizes, range(len(sizes)), strict=True))
        wanted = [float(tokens[one.rows].sum()) for one in candidates]
        beside = [-1] * len(candidates)
        for place in np.argsort(wanted, kind="stable").tolist():
            near = [n for n, one in enumerate(made) if _is_same(one.tokens, wanted[place])]
            if not near:
                # Of choices within twice the bound, all are within it of the middle.
                group = [
                    w for w in wanted if wanted[place] <= w <= wanted[place] * (1 + SAME_TOKENS)
                ]
                made.append(_by_tokens(float(np.mean(group)), orders, tokens))
                near = [len(made) - 1]
            beside[place] = min(near, key=lambda n: abs(made[n].tokens - wanted[place]))
        of_rows = [by_size[len(one.rows)] for one in candidates]
        return cls(tuple(made), of_rows, beside)


def _is_same(tokens: float, wanted: float) -> bool:
    return abs(tokens - wanted) <= SAME_TOKENS * wanted


def _by_tokens(wanted: float, orders: Sequence[IntArray], tokens: IntArray) -> Control:
    """Rows in their random order until they hold as many tokens, as near as rows allow."""
    draws = []
    for order in orders:
        sums = np.cumsum(tokens[order])
        draws.append(order[: int(np.argmin(np.abs(sums - wanted))) + 1])
    return _control(f"random, {wanted:,.0f} tokens", draws, tokens)


def _control(name: str, draws: Sequence[IntArray], tokens: IntArray) -> Control:
    mean = float(np.mean([tokens[draw].sum() for draw in draws]))
    return Control(name, tuple(draws), mean)
