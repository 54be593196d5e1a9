"""What there is to know of rows before a model runs: their tokens, or why they have none.

Rendering is Python's work, a processor's alone. Many rows are rendered in processes, each with the
tokenizer and the template loaded anew from where this one has them.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import SpansetError
from spanset.base.workers import available_workers
from spanset.data.conversation import Conversation
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.dropped import dropped_names
from spanset.models.rendering.kept_tokens import PackedRow, packed
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.sides import read_rows

SHARED_ROWS = 50_000  # rows from which processes, which take three seconds to start, are worth it


@dataclass(frozen=True)
class LookedRows:
    """Some rows, in order; arrays (n,).

    Attributes
    ----------
    tokens, supervised : int32
        Numbers of tokens; 0 where the row is refused.
    truncated : bool
        Whether the row is cut.
    status : uint8
        See `TokenRow.status`; 0 where the row is refused.
    rows : list of PackedRow
        The tokens; none where the row is refused.
    refused : dict of int to str
        Places of rows that the chat template refuses, and why.
    dropped : dict of int to list of str
        Places of rows that the template has no place for all of, and for what.
    """

    tokens: npt.NDArray[np.int32]
    supervised: npt.NDArray[np.int32]
    truncated: npt.NDArray[np.bool_]
    status: npt.NDArray[np.uint8]
    rows: list[PackedRow]
    refused: dict[int, str]
    dropped: dict[int, list[str]]


def looked_rows(talks: Sequence[Conversation], renderer: Renderer, pair: str) -> LookedRows:
    """Render some rows.

    Parameters
    ----------
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair.
    """
    n = len(talks)
    found = LookedRows(
        np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, bool), np.zeros(n, np.uint8),
        [], {}, {},
    )  # fmt: skip
    for place, read in enumerate(read_rows(talks, renderer, pair)):
        if isinstance(read, RenderError):
            found.refused[place] = str(read)
            found.rows.append(())
            continue
        found.tokens[place], found.supervised[place] = read.tokens, read.supervised
        found.truncated[place], found.status[place] = read.truncated, read.status
        found.rows.append(packed(read))
        if names := dropped_names(talks[place], renderer.chat, pair):
            found.dropped[place] = names
    return found


def looked_in_processes(
    talks: Iterable[Sequence[Conversation]], load: Callable[[], Renderer], key: str, pair: str
) -> Generator[LookedRows, None, None]:
    """The same of many batches of rows, in order, on all processors.

    Parameters
    ----------
    load : callable
        Gives the renderer, in another process.
    key : str
        What identifies it.

    Raises
    ------
    SpansetError
        A process was ended by the system.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    options: dict[str, Any] = {"pre_dispatch": "2*n_jobs", "max_nbytes": None}
    share: Any = Parallel(available_workers(), return_as="generator", **options)
    folder = str(Path.cwd())
    found = share(delayed(_looked)(some, load, key, folder, pair) for some in talks)
    try:
        for looked in found:  # noqa: UP028 (`yield from` would close it, and its warnings come)
            yield looked
    except BrokenProcessPool as error:
        raise SpansetError(
            "a process that renders rows was ended",
            where="DATA",
            why="memory may have been full: each needs half a GiB",
            fix="free some, or use one processor only: taskset -c 0 spanset ...",
        ) from error
    finally:
        with warnings.catch_warnings():
            # Of tasks that were done for nothing, where the rows before them ended the run.
            warnings.filterwarnings("ignore", r"\d+ tasks", UserWarning)
            found.close()
        get_reusable_executor().shutdown(wait=False)  # a model needs their memory


_held: dict[str, Renderer] = {}  # by what identifies it; in a process that renders, the one it has


def _looked(
    talks: Sequence[Conversation], load: Callable[[], Renderer], key: str, folder: str, pair: str
) -> LookedRows:
    """Rows in a process that renders."""
    if key not in _held:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there is a process a processor
        os.chdir(folder)  # the process may be older than this run
        _held.clear()
        _held[key] = load()
    return looked_rows(talks, _held[key], pair)
