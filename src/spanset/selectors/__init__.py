"""Ways to choose rows: one file a method, one Protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.errors import UsageError
from spanset.greedy import Progress, TokenBudget
from spanset.kernels import RBF, Kernel
from spanset.results import FloatArray, Selection

__all__ = ["METHODS", "Request", "Selector", "selector"]

METHODS = ("dpp", "random", "top")


@dataclass(frozen=True)
class Request:
    """What to choose from and how much; a method uses the parts it needs.

    Attributes
    ----------
    features : (N, d)
        Unit rows in the dtype to compute in.
    k : int
        Picks wanted, from 1 to N.
    log_quality : (N,) float64 or None
        Higher is better.
    quality_weight : float
        Lambda in [0, 1].
    given : (g, d) or None
        Rows in the set already.
    budget : TokenBudget or None
        Tokens the picks may hold in all.
    seed : int
        For methods that draw.
    device : str
        Where to compute: ``cpu``, or ``cuda``, ``cuda:1`` and so on for methods that can.
    """

    features: npt.NDArray[np.floating[Any]]
    k: int
    log_quality: FloatArray | None = None
    quality_weight: float = 0.0
    given: npt.NDArray[np.floating[Any]] | None = None
    budget: TokenBudget | None = None
    kernel: Kernel = field(default_factory=RBF)
    seed: int = 0
    workers: int = 0
    device: str = "cpu"
    on_progress: Callable[[Progress], None] = lambda _: None
    cancelled: Callable[[], bool] = lambda: False


class Selector(Protocol):
    """A method: chooses rows on request."""

    def __call__(self, request: Request, /) -> Selection:
        """Ordered picks; every prefix is the choice for a smaller k."""
        ...


def require_conditional(method: str) -> None:
    """Refuse a method that cannot take given rows into account."""
    if method != "dpp":
        raise UsageError(
            f"the method {method} does not look at given rows",
            where="--given",
            fix="use --method dpp, or leave --given out",
        )


def selector(method: str) -> Selector:
    """Method by its command-line name."""
    if method == "dpp":
        from spanset.selectors.dpp import select_dpp

        return select_dpp
    if method == "random":
        from spanset.selectors.random import select_random

        return select_random
    if method == "top":
        from spanset.selectors.top import select_top

        return select_top
    raise UsageError(f"no method {method!r}", where="--method", fix=f"use {', '.join(METHODS)}")
