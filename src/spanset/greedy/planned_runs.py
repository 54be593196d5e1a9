"""Runs of the greedy that a selection takes, with their memory, disk and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spanset.base.ray_cluster import Crowd
from spanset.base.speed import greedy_seconds
from spanset.base.workers import available_workers
from spanset.greedy.exhaustion import room_left
from spanset.greedy.factor import BLOCK
from spanset.greedy.footprint import Footprint
from spanset.greedy.mixed import is_worth_mixing
from spanset.greedy.pace import CANDIDATES
from spanset.greedy.partitioned import rounds_of
from spanset.kernels.kernel import Kernel

KEPT = 4  # bytes of a number of the features, as they are kept and sent


@dataclass(frozen=True)
class PlannedRun:
    """One run, or several that are alike and follow one another.

    Attributes
    ----------
    times : int
        How many.
    n, k, d, given : int
        Rows to choose from, picks, columns, and rows that are there already.
    dtype : str
        To decide in.
    is_mixed : bool
        Whether the factor is in float32 for float64's picks.
    is_on_host : bool
        Whether it is computed on the processor, where a factor may be in a file.
    footprint : Footprint
        What one takes.
    """

    times: int
    n: int
    k: int
    d: int
    given: int
    dtype: str
    is_mixed: bool
    is_on_host: bool
    footprint: Footprint

    def seconds(self, *, in_file: bool = False) -> float:
        """About how long all of them take on this machine's processor."""
        block = BLOCK if in_file else None
        return self.times * greedy_seconds(
            self.n, self.k, self.d, self.dtype, self.given, is_mixed=self.is_mixed, block=block
        )


def planned_runs(
    n: int,
    k: int,
    d: int,
    kernel: Kernel,
    *,
    dtype: str = "float64",
    given: int = 0,
    device: str = "cpu",
    workers: int = 0,
    parts: int = 1,
) -> list[PlannedRun]:
    """Those for k picks of n rows (n, d): one, or two rounds."""
    most = room_left(kernel, np.empty((0, d)), given)
    runs = []
    for times, rows, picks in rounds_of(n, k, parts):
        wanted = min(picks, most)
        is_mixed = is_worth_mixing(rows, wanted, kernel, dtype, device)
        taken = Footprint.of(rows, wanted, d, dtype, given, is_mixed=is_mixed, workers=workers)
        is_on_host = device == "cpu"
        runs.append(PlannedRun(times, rows, wanted, d, given, dtype, is_mixed, is_on_host, taken))
    return runs


@dataclass(frozen=True)
class GreedyCost:
    """What runs that follow one another take.

    Attributes
    ----------
    memory, disk : int
        Bytes, of the largest of them; disk where memory does not hold its factor.
    seconds : float
        About, all together.
    """

    memory: int
    disk: int
    seconds: float

    @classmethod
    def of(cls, runs: Sequence[PlannedRun], available: int, beside: int) -> GreedyCost:
        """With so many bytes of memory there, and so many taken by what is beside the runs.

        Where no way fits, what the smallest takes.
        """
        memory, disk, seconds = 0, 0, 0.0
        for run in runs:
            whole, *others = run.footprint.ways()
            if run.is_on_host:
                within = run.footprint.way_within(available - beside)
                whole = min(others, key=lambda way: way.memory) if within is None else within
            memory, disk = max(memory, beside + whole.memory), max(disk, whole.disk)
            seconds += run.seconds(in_file=whole.disk > 0)
        return cls(memory, disk, seconds)


class Seconds(Protocol):
    """How long it takes, with factors in memory or in files."""

    def __call__(self, *, in_file: bool) -> float:
        """See the class."""
        ...


@dataclass(frozen=True)
class ClusterCost:
    """What a selection takes of workers that hold a part of the rows each.

    Attributes
    ----------
    crowd : Crowd
        How many workers.
    memory : int
        Bytes of one of them, with its features and its part of the factor in memory.
    beside_file, disk : int
        Of one whose memory does not hold that part: what stays in memory, and the file.
    network : int
        Bytes that are sent, all together: features once, then what every block of picks moves in
        one round.
    seconds : float
        About, were all processors like those of this machine; with factors in files where the
        cluster said how much memory it has, and that is less.
    """

    crowd: Crowd
    memory: int
    beside_file: int
    disk: int
    network: int
    seconds: float

    @classmethod
    def of(cls, runs: Sequence[PlannedRun], crowd: Crowd) -> ClusterCost:
        """Of one run, its rows parted; of two rounds, whose first has parts for the workers."""
        if len(runs) > 1:
            return cls._of_rounds(runs, crowd)
        (run,) = runs
        t, itemsize = run.k + run.given, np.dtype(run.dtype).itemsize
        rows = -(-run.n // crowd.workers)
        part = Footprint.of(rows, t, run.d, run.dtype, is_mixed=run.is_mixed, workers=crowd.threads)
        # Of a block on average: columns of the candidates, features and columns of the picks.
        candidates = min(rows, int(CANDIDATES[1] * BLOCK)) * t / 2
        told = crowd.workers * BLOCK * (run.d + t / 2)
        moved = -(-run.k // BLOCK) * (candidates + told)
        network = KEPT * run.n * run.d + itemsize * int(moved)
        share = available_workers() / (crowd.workers * crowd.cpus)

        def seconds(*, in_file: bool) -> float:
            return share * run.seconds(in_file=in_file)

        return cls._of_part(part, crowd, KEPT * rows * run.d, network, seconds)

    @classmethod
    def _of_rounds(cls, runs: Sequence[PlannedRun], crowd: Crowd) -> ClusterCost:
        first, last = runs
        kept, at_once = KEPT * first.n * first.d, min(crowd.workers, first.times)
        share = available_workers() / (at_once * crowd.cpus)

        def seconds(*, in_file: bool) -> float:
            return share * first.seconds(in_file=in_file) + last.seconds()

        # A part is there while the next one comes.
        return cls._of_part(first.footprint, crowd, 2 * kept, first.times * kept, seconds)

    @classmethod
    def _of_part(
        cls, part: Footprint, crowd: Crowd, kept: int, network: int, seconds: Seconds
    ) -> ClusterCost:
        whole, in_file = (
            next(way for way in part.ways() if way.holds_features and bool(way.disk) == is_in_file)
            for is_in_file in (False, True)
        )
        memory, beside_file = whole.memory + kept, in_file.memory + kept
        about = seconds(in_file=crowd.memory is not None and memory > crowd.memory)
        return cls(crowd, memory, beside_file, in_file.disk, network, about)
