"""What memory there is, and what was used at most."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


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


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    try:  # the kernel's own mark: that of getrusage starts at the parent's size
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
