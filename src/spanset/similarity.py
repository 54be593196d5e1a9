"""From settings and features to a kernel: names checked, gamma found where it is to be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.errors import UsageError
from spanset.features.rows import kernel_rows, of_rows
from spanset.gamma import GammaSearch
from spanset.greedy.rules import check_dtype
from spanset.kernels import Kernel, make_kernel
from spanset.results import FloatArray
from spanset.stages import SILENT, Watcher

AUTO = "auto:"
LOOKED_AT = 10_000  # rows that a gamma is sought on, at most: a search of seconds, not minutes
# Gamma of the rbf kernel where nothing is said: hidden states lie close together (Wang et al. 2024
# take g = 10, which is gamma = 2.5).
GAMMA_OF = {"hidden": 2.5}
STREAM = 6  # of the seed: the draws of measures take the first numbers

# Rows (n, d): unit rows and their lengths, or rows as the kernel sees them.
Part = tuple[npt.NDArray[np.floating[Any]], FloatArray | None]


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
        count = gamma.removeprefix(AUTO)
        if count == gamma or not count.isdecimal() or not 0 < int(count) < 10**9:
            raise UsageError(
                f"{gamma!r} is no gamma",
                where="--gamma",
                why="auto needs the number of picks that are to have a gain of at least e^-7",
                fix="give a positive count, such as auto:1000",
            )
        return AutoGamma(int(count))
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


def check_kernel(kernel: str, gamma: float | str | None, dtype: str) -> None:
    """Refuse a kernel, gamma or dtype that do not go together, before any work."""
    parse_gamma(kernel, gamma)
    check_dtype(make_kernel(kernel), dtype)


def usual_gamma(kernel: str, gamma: float | str | None, kind: str) -> float | str | None:
    """Gamma as given, or the usual one of features of this kind."""
    if gamma is None and kernel == "rbf":
        return GAMMA_OF.get(kind)
    return gamma


def choose_kernel(
    kernel: str,
    gamma: float | str | None,
    parts: Sequence[Part],
    *,
    normalize: bool = True,
    seed: int = 0,
    workers: int = 0,
    device: str = "cpu",
    watcher: Watcher = SILENT,
) -> Kernel:
    """The kernel that the settings name, with gamma found on the features where they say so.

    Parameters
    ----------
    kernel, gamma
        As on the command line.
    parts : sequence of ((n, d), (n,) float64 or None)
        Unit rows of each data set, and their lengths where these count; without lengths, rows as
        they are. One gamma is found on all.
    normalize : bool
        Whether lengths do not count.
    seed : int
        Of the rows that are looked at where there are more than 10,000.
    watcher : Watcher
        Told of the gamma found.

    Raises
    ------
    UsageError
        Settings that do not go together, or more picks than any gamma can tell apart.
    """
    found = parse_gamma(kernel, gamma)
    if not isinstance(found, AutoGamma):
        return make_kernel(kernel, found, unit=normalize)
    search = GammaSearch(
        _drawn(parts, normalize, seed), normalize, workers=workers, device=device, watcher=watcher
    )
    return make_kernel(kernel, search.find(found.picks), unit=normalize)


def _drawn(parts: Sequence[Part], normalize: bool, seed: int) -> npt.NDArray[np.floating[Any]]:
    """Rows of all parts together, at most `LOOKED_AT`, as the kernel sees them; float64."""
    ends = np.cumsum([len(X) for X, _ in parts])
    rows = np.random.default_rng([seed, STREAM]).permutation(ends[-1])[:LOOKED_AT]
    rows.sort()
    drawn = []
    for (X, lengths), end in zip(parts, ends, strict=True):
        own = rows[(rows >= end - len(X)) & (rows < end)] - (end - len(X))
        if normalize or lengths is not None:
            drawn.append(kernel_rows(X[own], of_rows(lengths, own), np.float64))
        else:
            drawn.append(X[own].astype(np.float64))
    return np.concatenate(drawn)
