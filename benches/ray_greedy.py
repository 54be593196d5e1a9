"""The greedy on Ray beside one process: the same picks, the time, and actors that are killed.

A cluster of one node and one of several on this machine, which share its processors: what is
measured is what it costs to ask others, not what they add.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import ray

import spanset
from benches.ray_nodes import ray_nodes
from spanset.base.lazy_rows import AnyRows
from spanset.base.ray_cluster import Crowd
from spanset.base.unit_rows import unit_rows
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.partition import Share
from spanset.greedy.parts import Parts
from spanset.greedy.ray_crew import RayCluster, RayCrew
from spanset.kernels.rbf import RBF

NODES, CPUS = 3, 2
KILLS = 20
STORE = 2**31  # bytes a node


class Killer:
    """A cluster whose actors are killed at random moments."""

    def __init__(self, inner: RayCluster, seconds: float) -> None:
        self._inner, self._pause = inner, seconds
        self.kills = 0
        self.ended = threading.Event()

    def split(self, n: int) -> Any:
        """As it is split."""
        return self._inner.split(n)

    def crew(self, X: AnyRows, shares: Sequence[Share], cancelled: Callable[[], bool]) -> RayCrew:
        """The crew, and somebody after it."""
        self.made = self._inner.crew(X, shares, cancelled)
        threading.Thread(target=self._kill, daemon=True).start()
        return self.made

    def chosen(
        self, parts: Parts, cancelled: Callable[[], bool], on_note: Callable[[str], None]
    ) -> Any:
        """Parts are none of its matter."""
        return self._inner.chosen(parts, cancelled, on_note)

    def _kill(self) -> None:
        rng = np.random.default_rng(0)
        while self.kills < KILLS and not self.ended.wait(rng.uniform(0.5, 1.5) * self._pause):
            ray.kill(self.made._actors[int(rng.integers(len(self.made._actors)))])
            self.kills += 1


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """2,000 of all rows of Alpaca by static features, and corners of a cube, which all tie."""
    rows = spanset.read(data / "alpaca_data.json.gz")
    X, k = unit_rows(spanset.represent(rows, "static"), np.float64), 2_000
    corners = unit_rows(np.sign(np.random.default_rng(0).normal(size=(20_000, 24))), np.float64)
    if quick:
        X, k, corners = X[:5_000], 300, corners[:2_000]
    found: dict[str, Any] = {"one machine": {}, "several": {"nodes": NODES}}
    for name, count in (("one machine", 1), ("several", NODES)):
        with ray_nodes(count, cpus=CPUS, store=STORE):
            workers = (1, 2, 5) if count > 1 else (1, 2)
            _measured(corners[:500], 50, workers)  # processes of Ray start with the first task
            found[name]["alpaca"] = _measured(X, k, workers)
            found[name]["ties"] = _measured(corners, k, workers)
            if count > 1:
                found[name]["killed"] = _killed(X, k)
    return found


def _measured(X: Any, k: int, counts: Sequence[int]) -> dict[str, Any]:
    started = perf_counter()
    expected = blocked_greedy(X, k, RBF())
    alone = perf_counter() - started
    found: dict[str, Any] = {"rows": len(X), "k": k, "ties": expected.ties, "alone": alone}
    for workers in counts:
        crowd = Crowd(workers, float(CPUS) if workers == 1 else 1.0)
        started = perf_counter()
        picks = blocked_greedy(X, k, RBF(), cluster=RayCluster(crowd))
        seconds = perf_counter() - started
        found[f"{workers} workers"] = {
            "seconds": seconds,
            "beside_alone": seconds / alone,
            "equal": int((picks.order == expected.order).sum()),
        }
        print(len(X), workers, found[f"{workers} workers"], f"alone {alone:.1f} s", flush=True)
    return found


def _killed(X: Any, k: int) -> dict[str, Any]:
    expected = blocked_greedy(X, k, RBF(), block=8)
    killer = Killer(RayCluster(Crowd(2, 1.0)), 3.0)
    started = perf_counter()
    picks = blocked_greedy(X, k, RBF(), block=8, cluster=killer)
    killer.ended.set()
    found = {
        "kills": killer.kills,
        "replaced": killer.made.replaced,
        "seconds": perf_counter() - started,
        "equal": int((picks.order == expected.order).sum()),
        "equal_gains": bool(np.allclose(picks.gains, expected.gains, atol=1e-12)),
    }
    print(found, flush=True)
    return found
