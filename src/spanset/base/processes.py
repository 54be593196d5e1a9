"""Work of Python's own in processes, since threads would wait for each other.

joblib's processes need no guard in a user's script, unlike those of the standard library.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Generator[Result, None, None]:
    """What `work` gives for every item, in order, by so many processes, a few items ahead.

    Parameters
    ----------
    work : callable
        That crosses to other processes.
    """
    from joblib import Parallel, delayed

    options: dict[str, Any] = {"pre_dispatch": "2*n_jobs", "max_nbytes": None}
    # Never in threads, whatever the program around says: not all work may be.
    share: Any = Parallel(count, backend="loky", return_as="generator", **options)
    results = share(delayed(work)(item) for item in items)
    try:
        for result in results:  # noqa: UP028 (`yield from` would close it, and its warnings come)
            yield result
    finally:
        with warnings.catch_warnings():
            # Of items that were done for nothing, where those before them ended the run.
            warnings.filterwarnings("ignore", r"\d+ tasks", UserWarning)
            results.close()


def end_processes() -> None:
    """No process of joblib's is left, nor the memory that it holds."""
    from joblib.externals.loky import get_reusable_executor

    own: dict[str, Any] = {"reuse": True}  # that one, and none of other settings
    get_reusable_executor(**own).shutdown(wait=True)
