"""``spanset select`` end to end on the real Alpaca file, beside the greedy engine's own time.

The command of a user: 10,000 of 52,002 rows, static features, output tokens at lambda 0.1, in a
process of its own with a run folder; then the start-up time of ``spanset --help``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

COMMAND = [sys.executable, "-m", "spanset"]


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure one selection and five starts."""
    k = 500 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        words = ["select", str(data / "alpaca_data.json.gz"), "-k", str(k)]
        words += ["--quality", "output_tokens", "--lambda", "0.1", "--run", f"{folder}/run"]
        started = perf_counter()
        done = subprocess.run([*COMMAND, *words, "--json"], capture_output=True, check=True)
        wall = perf_counter() - started
    record = json.loads(done.stdout)
    seconds = record["seconds"]
    starts = []
    for _ in range(5):
        started = perf_counter()
        subprocess.run([*COMMAND, "--help"], capture_output=True, check=True)
        starts.append(perf_counter() - started)
    allowed = 1.25 * seconds["select"] + 25
    print(
        f"select {k:,} rows: {wall:.1f} s in all (allowed {allowed:.1f}): "
        + ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
        + f"; peak memory {record['peak_bytes'] / 2**30:.2f} GiB\n"
        f"spanset --help: {sorted(starts)[2]:.2f} s (median of 5)"
    )
    return {
        "picks": k,
        "wall_seconds": wall,
        "stages_seconds": seconds,
        "allowed_seconds": allowed,
        "peak_gib": record["peak_bytes"] / 2**30,
        "sets": [{**one, "shares": {}} for one in record["sets"]],
        "help_seconds": sorted(starts),
    }
