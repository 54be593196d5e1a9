"""What a selection needs in memory, what there is, and what was used at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import numpy as np

from spanset.errors import SpansetError

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def greedy_bytes(n: int, k: int, d: int, dtype: str, given: int = 0) -> int:
    """Bytes of the factor of `n` candidates after `k` picks, and of their features."""
    itemsize = np.dtype(dtype).itemsize
    return itemsize * (n * (k + given) + given * given + (n + given) * d)


def available_bytes() -> int:
    """Memory that can be taken now: the system's, or the container's limit if that is less."""
    available = sys.maxsize
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        table = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
        available = int(table["MemAvailable"][0]) * 1024
    except (OSError, KeyError, ValueError):
        pass  # not Linux: only the limits below, if any, are known
    for path in _LIMITS:
        try:
            available = min(available, int(Path(path).read_text()))
        except (OSError, ValueError):
            continue
    return available


def require_memory(needed: int, k: int, dtype: str) -> None:
    """Refuse a selection that cannot fit.

    Raises
    ------
    SpansetError
        With what to change.
    """
    available = available_bytes()
    if needed <= available:
        return
    smaller = int(k * available / needed * 0.9)
    half = "--dtype float32 halves it; " if dtype == "float64" else ""
    raise SpansetError(
        f"the selection needs {needed / 2**30:.1f} GiB of memory, {available / 2**30:.1f} GiB are "
        "available",
        where="-k",
        why=f"the factor holds rows x picks numbers of {dtype}",
        fix=f"{half}up to about k = {smaller:,} fits as it is",
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
