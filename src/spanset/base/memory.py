"""What a selection needs in memory, what there is, and what was used at most."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from spanset.base.errors import SpansetError

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


HELD = 2304  # rows held in float64 where the factor is computed in float32


def greedy_bytes(
    n: int, k: int, d: int, dtype: str, given: int = 0, *, is_mixed: bool = False
) -> int:
    """Bytes of the factor of `n` candidates after `k` picks, and of their features.

    Mixed: with the factor in float32, what decides in `dtype` (see greedy/mixed.py).
    """
    itemsize, t = np.dtype(dtype).itemsize, k + given
    conditioning = 2 * 8 * given * given  # the given rows' kernel and its factor, in float64
    features = itemsize * (n + given) * d
    if not is_mixed:
        return itemsize * n * t + features + conditioning
    exact = itemsize * (HELD * t + t * t // 2)
    return 4 * n * (t + d) + exact + features + conditioning


def available_bytes() -> int:
    """Memory that can be taken now: the system's, or the container's limit if that is less."""
    available = sys.maxsize
    with suppress(OSError, ValueError):
        available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        table = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
        available = int(table["MemAvailable"][0]) * 1024
    except (OSError, KeyError, ValueError):
        pass  # not Linux: what the machine has in all must do
    for path in _LIMITS:
        try:
            available = min(available, int(Path(path).read_text()))
        except (OSError, ValueError):
            continue
    return available


def require_memory(needed: int, n: int, k: int, dtype: str, *, where: str = "-k") -> None:
    """Refuse a selection of `k` of `n` rows that cannot fit; `where` is the flag that says k.

    Raises
    ------
    SpansetError
        With what to change.
    """
    available = available_bytes()
    if needed <= available:
        return
    fits = int(k - (needed - available) / (n * np.dtype(dtype).itemsize))
    advice = ["--dtype float32 halves it"] if dtype == "float64" else []
    advice += [f"{where} {fits} fits as it is"] if fits > 0 else []
    raise SpansetError(
        f"the selection needs {needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are "
        "available",
        where=where,
        why=f"the factor holds rows x picks numbers of {dtype}",
        fix="; ".join(advice) or "select from fewer rows, or on a larger machine",
    )


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    try:  # the kernel's own mark: that of getrusage starts at the parent's size
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
