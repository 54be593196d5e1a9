"""What every adapter does: prepare a task, time it, and write down what came of it.

An adapter runs in its tool's own environment, as ``python by_NAME.py TASK INPUTS OUTPUT``. It needs
nothing of spanset's. A task is prepared (libraries loaded, arrays read, code compiled) before the
clock starts; what it returns then runs alone.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

Task = Callable[[Path], Callable[[], dict[str, Any]]]


def main(tasks: dict[str, Task]) -> None:
    """Run one task; seconds on the clock and of the processor, memory above what was held."""
    name, inputs, output = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    started = perf_counter()
    go = tasks[name](inputs)
    prepared = perf_counter() - started
    with suppress(OSError):  # not Linux: the peak is then that of all
        Path("/proc/self/clear_refs").write_text("5")
    held, cpu, started = _status("VmRSS"), _cpu_seconds(), perf_counter()
    found = go()
    seconds, cpu = perf_counter() - started, _cpu_seconds() - cpu
    record = {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "extra_bytes": max(0, _status("VmHWM") - held),
        "seconds_to_prepare": prepared,
        **found,
    }
    output.write_text(json.dumps(record))


def _cpu_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for usage in [resource.getrusage(who)]
    )


def _status(field: str) -> int:
    """Bytes that /proc tells of this process."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0
