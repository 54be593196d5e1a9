"""What the numbers were measured on."""

from __future__ import annotations

import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np  # noqa: F401 (loads BLAS, so that it can be asked)
from threadpoolctl import threadpool_info

from spanset.base.workers import available_workers


def describe() -> dict[str, Any]:
    """Processor, memory, versions and date; no names of hosts or folders."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory = Path("/proc/meminfo")
    total = memory.read_text().split()[1] if memory.exists() else "0"
    blas = {f"{lib['internal_api']} {lib['version']}" for lib in threadpool_info()}
    return {
        "date": date.today().isoformat(),
        "processor": ", ".join(sorted(models)) or platform.processor(),
        "cores": available_workers(),
        "memory_gib": round(int(total) / 2**20, 1),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "blas": ", ".join(sorted(blas)),
    }
