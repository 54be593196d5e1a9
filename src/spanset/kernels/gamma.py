"""Gamma as it is given: a number, the usual one of some features, or one that is to be found.

How ``auto:K`` is found is a matter of greedy runs: greedy/gamma_search.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from spanset.base.errors import UsageError
from spanset.config.amounts import count_of
from spanset.kernels.choice import make_kernel

AUTO = "auto:"


# Gamma of the rbf kernel where nothing is said: hidden states lie close together (Wang et al. 2024
# take g = 10, which is gamma = 2.5).
GAMMA_OF = {"hidden": 2.5}


@dataclass(frozen=True)
class AutoGamma:
    """``auto:K``: the gamma at which K picks have a gain of at least e^-7."""

    picks: int


def parse_gamma(kernel: str, gamma: float | str | None) -> float | AutoGamma | None:
    """Gamma as it is given: a number, ``auto:K``, or None for the kernel's default.

    Raises
    ------
    UsageError
        Neither, or a gamma for a kernel that has none, or one that is not positive.
    """
    if isinstance(gamma, str) and gamma.startswith(AUTO.rstrip(":")):
        make_kernel(kernel, None if kernel == "rbf" else 1.0)  # which refuses another kernel
        count = count_of(gamma.removeprefix(AUTO))
        if count is None or not 0 < count < 10**9:
            raise UsageError(
                f"{gamma!r} is no gamma",
                where="--gamma",
                why="auto needs the number of picks that are to have a gain of at least e^-7",
                fix="give a positive count, such as auto:1000",
            )
        return AutoGamma(count)
    try:
        number = None if gamma is None else float(gamma)
    except (TypeError, ValueError):
        raise UsageError(
            f"{gamma!r} is no gamma",
            where="--gamma",
            fix="give a positive number such as 0.25, or auto:1000 to have it found",
        ) from None
    make_kernel(kernel, number)
    return number


def usual_gamma(kernel: str, gamma: float | str | None, kind: str) -> float | str | None:
    """Gamma as given, or the usual one of features of this kind."""
    if gamma is None and kernel == "rbf":
        return GAMMA_OF.get(kind)
    return gamma
