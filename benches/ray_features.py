"""Features on Ray beside one process: the same bytes, the time, and actors that are killed.

A cluster of one node and one of several on this machine, which share its processors: what is
measured is what it costs to have others make them, not what they add.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import ray

import spanset
from benches.ray_nodes import ray_nodes
from spanset.base import ray_tasks
from spanset.base.ray_actors import Actors
from spanset.base.ray_cluster import Crowd
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.representations import lexical_maker, loaded
from spanset.features.specs import parse_features
from spanset.stores.keeping import in_store
from spanset.stores.maker import Maker
from spanset.stores.ray_making import RayMaker

NODES, CPUS = 3, 2
KILLS = 20
STORE = 2**30  # bytes a node
ROWS = {"static": 50_000, "lexical": 50_000, "gradient": 3_000}


class Killer:
    """Actors that are killed at random moments, so many times."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self.kills = 0
        self.ended = threading.Event()

    def __call__(self, *args: Any) -> Actors:
        """The actors, and somebody after them."""
        self._actors = Actors(*args)
        threading.Thread(target=self._kill, daemon=True).start()
        return self._actors

    def _kill(self) -> None:
        rng = np.random.default_rng(0)
        while self.kills < KILLS and not self.ended.wait(rng.uniform(0.5, 1.5) * self._pause):
            ray.kill(self._actors[int(rng.integers(len(self._actors)))])
            self.kills += 1


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Rows of Alpaca: static and lexical features, gradients of a trained Llama of 7M weights."""
    rows = spanset.read(data / "alpaca_data.json.gz")
    model = str(data.parent / "models" / "tiny-llama-7m")
    found: dict[str, Any] = {"alone": {}, "one machine": {}, "several": {"nodes": NODES}}
    with tempfile.TemporaryDirectory() as folder:
        cases = {}
        for kind, count in ROWS.items():
            own = rows[: count // 50 if quick else count]
            cases[kind] = Case(kind, own, model, Path(folder))
            found["alone"][kind] = cases[kind].alone()
        for name, count in (("one machine", 1), ("several", NODES)):
            with ray_nodes(count, cpus=CPUS, store=STORE):
                workers = (1, 2, 5) if count > 1 else (1, 2)
                for kind, case in cases.items():
                    found[name][kind] = {f"{one} workers": case.shared(one) for one in workers}
                if count > 1:
                    found[name]["killed"] = cases["gradient"].killed(6.0)
    return found


class Case:
    """Features of one kind of some rows."""

    def __init__(self, kind: str, rows: Dataset, model: str, folder: Path) -> None:
        self._kind, self._rows, self._model, self._folder = kind, rows, model, folder

    def alone(self) -> dict[str, Any]:
        """In this process."""
        self._path = self._folder / f"{self._kind}-alone"
        maker = self._maker()
        starting = _timed(maker.prepare)
        self._seconds = _timed(lambda: in_store(maker, self._rows, self._path))
        found = {"rows": len(self._rows), "starting": starting, "seconds": self._seconds}
        print(self._kind, found, flush=True)
        return found

    def shared(self, workers: int) -> dict[str, Any]:
        """By so many workers; what they start with is told apart."""
        path = self._folder / f"{self._kind}-{workers}"
        crowd = Crowd(workers, float(CPUS) if workers == 1 else 1.0)
        with RayMaker(self._maker(), lambda: nullcontext(crowd)) as maker:
            starting = _timed(maker.prepare)
            seconds = _timed(lambda: in_store(maker, self._rows, path))
        found = {
            "starting": starting,
            "seconds": seconds,
            "beside_alone": seconds / self._seconds,
            **self._compared(path),
        }
        print(self._kind, workers, found, flush=True)
        return found

    def killed(self, pause: float) -> dict[str, Any]:
        """By two workers that are killed again and again."""
        path, killer = self._folder / f"{self._kind}-killed", Killer(pause)
        ray_tasks.Actors = killer
        try:
            with RayMaker(self._maker(), lambda: nullcontext(Crowd(2, 1.0))) as maker:
                seconds = _timed(lambda: in_store(maker, self._rows, path))
        finally:
            killer.ended.set()
            ray_tasks.Actors = Actors
        found = {"kills": killer.kills, "seconds": seconds, **self._compared(path)}
        print(self._kind, "killed", found, flush=True)
        return found

    def _maker(self) -> Maker:
        if self._kind == "lexical":
            return lexical_maker(self._rows)
        if self._kind == "static":
            return loaded(parse_features("static"))
        return loaded(parse_features(None, self._model), ModelConfig(model=self._model))

    def _compared(self, path: Path) -> dict[str, Any]:
        """Which files hold other bytes: the manifest tells of threads. The store is removed."""
        names = sorted({one.name for one in (*self._path.iterdir(), *path.iterdir())})
        differ = [
            name for name in names if (self._path / name).read_bytes() != (path / name).read_bytes()
        ]
        shutil.rmtree(path)
        return {"files": len(names), "differ": differ}


def _timed(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return perf_counter() - started
