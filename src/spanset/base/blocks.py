"""Rows taken a block at a time, on all processors, with the same bytes whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

from spanset.base.array_types import IntArray
from spanset.base.workers import available_workers

Result = TypeVar("Result")

MOST = 8  # blocks at once: each may hold 100 MB and more


class Blocks:
    """What runs tasks on blocks of rows; see `blocks_at_work`."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def run(self, rows: IntArray, size: int, task: Callable[[IntArray], Result]) -> list[Result]:
        """What `task` makes of each block of `size` rows, in their order."""
        blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
        if len(blocks) == 1:
            return [task(blocks[0])]
        return list(self._pool.map(task, blocks))


@contextmanager
def blocks_at_work() -> Iterator[Blocks]:
    """Threads for many calls: starting them, and telling BLAS, takes milliseconds.

    Matrix products inside take one thread each: how they are split, and so their last bits, does
    not depend on the machine's processors. Numpy sorts and multiplies without holding the lock.
    """
    workers = min(available_workers(), MOST)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        yield Blocks(pool)


def by_blocks(rows: IntArray, size: int, task: Callable[[IntArray], Result]) -> list[Result]:
    """What `task` makes of each block of `size` rows, in their order."""
    with blocks_at_work() as blocks:
        return blocks.run(rows, size, task)
