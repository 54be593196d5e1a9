"""Ten million rows on Ray: a thousand picks by two workers, beside what the plan says.

Random directions in 64 columns, of which every row is unlike the others. The factor, 40 GB in
float32, is in a file of each worker. Memory is that of a worker's process without pages of files
that the system may take back: its own, and features that lie in the memory shared with it.
"""

from __future__ import annotations

import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import spanset
from spanset.base.memory import peak_bytes
from spanset.base.ray_cluster import joined
from spanset.base.stages import SILENT
from spanset.base.unit_rows import STEP, unit_rows
from spanset.greedy.planned_runs import ClusterCost, planned_runs
from spanset.kernels.rbf import RBF

ROWS, COLUMNS, PICKS, WORKERS = 10_000_000, 64, 1_000, 2
PAUSE = 0.5  # seconds between looks at the workers


class Told:
    """A watcher that keeps notes, and prints how far it is."""

    stage, cancelled = SILENT.stage, SILENT.cancelled

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._told = perf_counter()

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)

    def progress(self, progress: Any) -> None:
        """Print it, now and then."""
        if perf_counter() - self._told > 30.0:
            print(progress.line, flush=True)
            self._told = perf_counter()


class Looking:
    """The most memory that a worker took."""

    def __init__(self) -> None:
        self.own = self.shared = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Looking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if "ray::PartitionWorker" not in (process / "cmdline").read_text():
                        continue
                    lines = (process / "status").read_text().splitlines()
                    sizes = {name: rest for name, _, rest in (one.partition(":") for one in lines)}
                    self.own = max(self.own, _bytes(sizes["RssAnon"]))
                    self.shared = max(self.shared, _bytes(sizes["RssShmem"]))


def run(_data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure it."""
    rows, k = (200_000, 200) if quick else (ROWS, PICKS)
    X, rng = np.empty((rows, COLUMNS), np.float32), np.random.default_rng(0)
    for start in range(0, rows, STEP):
        part = X[start : start + STEP]
        part[:] = unit_rows(rng.standard_normal(part.shape, np.float32), np.float32)
    with joined("local", WORKERS) as crowd:  # the plan looks at it, too
        cost = ClusterCost.of(planned_runs(rows, k, COLUMNS, RBF()), crowd)
    said = cost.beside_file
    print(f"said: {said / 2**30:.2f} GiB a worker, {cost.disk / 2**30:.1f} GiB on disk", flush=True)
    watcher = Told()
    with tempfile.TemporaryDirectory() as scratch, Looking() as seen:
        started = perf_counter()
        picks = spanset.select(
            X, k, ray="local", ray_workers=WORKERS, scratch=scratch, watcher=watcher
        )
        seconds = perf_counter() - started
    took = seen.own + seen.shared
    found = {
        "rows": rows,
        "columns": COLUMNS,
        "picks": len(picks),
        "workers": WORKERS,
        "seconds": seconds,
        "log_det": picks.log_det,
        "settled": picks.settled,
        "driver_peak_bytes": peak_bytes(),
        "worker_said_bytes": said,
        "worker_own_bytes": seen.own,
        "worker_shared_bytes": seen.shared,
        "took_beside_said": took / said,
        "disk_said_bytes": cost.disk * WORKERS,
        "plan_seconds": cost.seconds,
        "notes": watcher.notes,
    }
    print(found)
    return found


def _bytes(text: str) -> int:
    return int(text.split()[0]) * 1024
