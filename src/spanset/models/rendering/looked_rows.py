"""What there is to know of rows before a model runs: their tokens, or why they have none.

Rendering is Python's work, a processor's alone. Many rows are rendered in processes, each with the
tokenizer and the template loaded anew from where this one has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spanset.base.errors import SpansetError
from spanset.base.memory import available_bytes
from spanset.base.processes import end_processes, in_processes
from spanset.base.workers import available_workers
from spanset.data.conversation import Conversation
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.dropped import dropped_names
from spanset.models.rendering.kept_tokens import PackedRow, packed
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.sides import read_rows

CHARACTERS = 2**20  # of rows that are rendered at once
OF_PROCESS = 2**30  # bytes that each may take, with what it is sent
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
    counts, status = np.zeros((2, n), np.int32), np.zeros(n, np.uint8)
    found = LookedRows(counts[0], counts[1], np.zeros(n, bool), status, [], {}, {})
    reads = (one for some in _pieces(talks) for one in read_rows(some, renderer, pair))
    for place, read in enumerate(reads):
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


def _pieces(talks: Sequence[Conversation]) -> Iterator[Sequence[Conversation]]:
    """Rows in order, few long ones at a time: each of their tokens is many objects for a moment."""
    start = size = 0
    for place, talk in enumerate(talks):
        own = sum(len(turn.text) for turn in (*talk.turns, *talk.rejected))
        if size + own > CHARACTERS and place > start:
            yield talks[start:place]
            start, size = place, 0
        size += own
    yield talks[start:]


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
    # New ones: one that has done other work would pass for leaking memory when it loads a
    # tokenizer, and be ended.
    end_processes()
    home = os.getpid(), str(Path.cwd())
    work = partial(_looked, load=load, key=key, home=home, pair=pair)
    try:
        with closing(in_processes(work, talks, processes())) as found:
            yield from found
    except BrokenProcessPool as error:
        raise SpansetError(
            "a process that renders rows was ended",
            where="DATA",
            why="memory may have been full: each needs half a GiB",
            fix="free some, or use one processor only: taskset -c 0 spanset ...",
        ) from error
    finally:
        end_processes()  # a model needs their memory


def processes() -> int:
    """How many may render at once: 1 where there is no room for more."""
    from joblib import cpu_count

    return max(1, min(available_workers(), cpu_count(), available_bytes() // OF_PROCESS))


_held: dict[str, Renderer] = {}  # by what identifies it; in a process that renders, the one it has


def _looked(
    talks: Sequence[Conversation],
    load: Callable[[], Renderer],
    key: str,
    home: tuple[int, str],
    pair: str,
) -> LookedRows:
    """Rows in a process that renders, for the one with this number and folder."""
    if key not in _held:
        if os.getpid() != home[0]:  # joblib starts none inside of another's
            os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there is a process a processor
            os.chdir(home[1])  # the process may be older than this run
        _held.clear()
        _held[key] = load()
    return looked_rows(talks, _held[key], pair)
