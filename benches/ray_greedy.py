"""The greedy on Ray beside one process: the same picks, the time, and actors that are killed.

A cluster of one node and one of several on this machine, which share its processors: what is
measured is what it costs to ask others, not what they add. Each time is the median of three, in
turns. Workers are processes that were started for it, and so is the one that they are beside: its
memory is as new as theirs, its start is not counted and theirs is. A process that has done it
before is told as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

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

T = TypeVar("T")

NODES, CPUS = 3, 2
KILLS = 20
STORE = 2**31  # bytes a node
TURNS = 3


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
    """2,000 of all rows of Alpaca by static features, and of copies of the corners of a cube."""
    rows = spanset.read(data / "alpaca_data.json.gz")
    X, k = unit_rows(spanset.represent(rows, "static"), np.float64), 2_000
    corners = unit_rows(np.sign(np.random.default_rng(0).normal(size=(20_000, 12))), np.float64)
    if quick:
        X, k, corners = X[:5_000], 300, corners[:2_000]
    found: dict[str, Any] = {"one machine": {}, "several": {"nodes": NODES}}
    for name, count in (("one machine", 1), ("several", NODES)):
        with ray_nodes(count, cpus=CPUS, store=STORE) as address:
            workers = (1, 2, 5) if count > 1 else (1, 2)
            _measured(corners[:500], 50, workers)  # processes of Ray start with the first task
            found[name]["alpaca"] = _measured(X, k, workers)
            found[name]["ties"] = _measured(corners, k, workers)
            found[name]["command"] = _commanded(data, k, address)
            if count > 1:
                found[name]["killed"] = _killed(X, k)
    return found


def _measured(X: Any, k: int, counts: Sequence[int]) -> dict[str, Any]:
    crowds = {
        f"{workers} workers": Crowd(workers, float(CPUS) if workers == 1 else 1.0)
        for workers in counts
    }
    expected = blocked_greedy(X, k, RBF())
    alone, again, taken = Times(), Times(), {name: Times() for name in crowds}
    equal = dict.fromkeys(crowds, k)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        np.save(path, X)
        for _ in range(TURNS):
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                alone.add(pool.submit(_seconds_alone, path, k).result())
            again.of(partial(blocked_greedy, X, k, RBF()))
            for name, crowd in crowds.items():
                cluster = RayCluster(crowd)
                found = taken[name].of(partial(blocked_greedy, X, k, RBF(), cluster=cluster))
                equal[name] = min(equal[name], int((found.order == expected.order).sum()))
    told: dict[str, Any] = {"rows": len(X), "k": k, "ties": expected.ties}
    told |= {"alone": alone.told(), "alone_again": again.told()}
    for name, times in taken.items():
        told[name] = times.beside(alone) | {"equal": equal[name]}
        print(len(X), name, told[name], f"alone {alone.median:.1f} s", flush=True)
    return told


def _seconds_alone(path: Path, k: int) -> float:
    X = np.load(path)
    started = perf_counter()
    blocked_greedy(X, k, RBF())
    return perf_counter() - started


def _commanded(data: Path, k: int, address: str) -> dict[str, Any]:
    """The whole command as it is typed, with features that it makes, and those of a run before."""
    with tempfile.TemporaryDirectory() as folder:
        line = [
            sys.executable,
            "-m",
            "spanset",
            "select",
            str((data / "alpaca_data.json.gz").resolve()),
        ]
        line += ["-k", str(k), "--features", "static", "-o", "picks.jsonl", "--force"]
        by_one = [*line, "--ray", address, "--ray-workers", "1"]

        def run(words: Sequence[str], cache: str | None = None) -> bytes:
            own = os.environ | {"XDG_CACHE_HOME": cache or tempfile.mkdtemp(dir=folder)}
            subprocess.run(words, check=True, capture_output=True, cwd=folder, env=own)
            return (Path(folder) / "picks.jsonl").read_bytes()

        kept = tempfile.mkdtemp(dir=folder)
        expected = run(line, kept)
        told: dict[str, Any] = {}
        for name, cache in (("features made", None), ("features there", kept)):
            alone, there = Times(), Times()
            is_equal = True
            for _ in range(TURNS):
                is_equal &= alone.of(partial(run, line, cache)) == expected
                is_equal &= there.of(partial(run, by_one, cache)) == expected
            told[name] = {"alone": alone.told(), "1 workers": there.beside(alone)}
            told[name]["is_equal"] = is_equal
            print("command", name, told[name], flush=True)
    return told


class Times:
    """Seconds of the same, several times."""

    def __init__(self) -> None:
        self._all: list[float] = []

    def of(self, work: Callable[[], T]) -> T:
        """What the work returns; its time is kept."""
        started = perf_counter()
        found = work()
        self.add(perf_counter() - started)
        return found

    def add(self, seconds: float) -> None:
        """One more."""
        self._all.append(seconds)

    @property
    def median(self) -> float:
        """The time in the middle."""
        return median(self._all)

    def told(self) -> dict[str, float]:
        """The times of the median, the fastest, and the slowest."""
        return {"seconds": self.median, "least": min(self._all), "most": max(self._all)}

    def beside(self, other: Times) -> dict[str, float]:
        """The same, and the median as a share of another's."""
        return self.told() | {"beside_alone": self.median / other.median}


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
