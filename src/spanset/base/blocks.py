"""Rows taken a block at a time, on all processors, with the same bytes whatever their number."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from spanset.base.array_types import IntArray
from spanset.base.workers import available_workers

Result = TypeVar("Result")

MOST = 8  # blocks at once: each may hold 100 MB and more


def by_blocks(rows: IntArray, size: int, task: Callable[[IntArray], Result]) -> list[Result]:
    """What `task` makes of each block of `size` rows, in their order.

    Matrix products inside take one thread each: how they are split, and so their last bits, does
    not depend on the machine's processors. Numpy sorts and multiplies without holding the lock.
    """
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    workers = min(available_workers(), MOST)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        return list(pool.map(task, blocks))
