"""From settings and features to a kernel: names checked, gamma found where it is to be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.greedy.gamma_search import GammaSearch
from spanset.greedy.rules import check_dtype
from spanset.kernels.choice import make_kernel
from spanset.kernels.gamma import AutoGamma, parse_gamma
from spanset.kernels.kernel import Kernel

LOOKED_AT = 10_000  # rows that a gamma is sought on, at most: a search of seconds, not minutes
STREAM = 6  # of the seed: the draws of measures take the first numbers

# Rows (n, d): unit rows and their lengths, or rows as the kernel sees them.
Part = tuple[npt.NDArray[np.floating[Any]], FloatArray | None]


def check_kernel(kernel: str, gamma: float | str | None, dtype: str) -> None:
    """Refuse a kernel, gamma or dtype that do not go together, before any work."""
    parse_gamma(kernel, gamma)
    check_dtype(make_kernel(kernel), dtype)


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
