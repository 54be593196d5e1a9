"""Every distinct row rendered once before the model runs: its tokens, or why it has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing

import numpy as np

from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.dropped import said_of
from spanset.models.rendering.kept_tokens import KeptTokens
from spanset.models.rendering.looked_rows import LookedRows, looked_rows
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.sides import TokenRow, read_rows
from spanset.stores.status import Status
from spanset.stores.survey import Survey, not_rendered

Look = Callable[[Iterable[Sequence[Conversation]]], Generator[LookedRows, None, None]]


def survey(
    data: Dataset,
    renderer: Renderer,
    *,
    pair: str = "difference",
    on_bad_row: str = "stop",
    look: Look | None = None,
    kept: KeptTokens | None = None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Survey:
    """Render every distinct row once, for its numbers of tokens.

    What the chat template has no place for is told, with the number of rows.

    Parameters
    ----------
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refuses.
    look : callable, optional
        Renders batches of rows, in order; by default here.
    kept : KeptTokens, optional
        Where the tokens are kept.

    Raises
    ------
    DataError
        Such a row, with its place.
    """
    result = Survey.start(data.digests, "tokens", "supervised")
    copies = np.bincount(result.first, minlength=len(result.first))
    dropped: Counter[str] = Counter()
    batches = list(result.distinct())
    talks = ([data.conversation(row) for row in rows] for rows in batches)
    found = look(talks) if look else (looked_rows(some, renderer, pair) for some in talks)
    with closing(found):
        for rows, looked in zip(batches, found, strict=True):
            if looked.refused and on_bad_row == "stop":
                place, why = next(iter(looked.refused.items()))
                raise not_rendered(data, rows[place], why)
            result.columns["tokens"][rows] = looked.tokens
            result.columns["supervised"][rows] = looked.supervised
            result.truncated[rows], result.status[rows] = looked.truncated, looked.status
            result.status[[rows[place] for place in looked.refused]] = Status.NOT_RENDERED
            for place, names in looked.dropped.items():
                for name in names:
                    dropped[name] += int(copies[rows[place]])
            if kept is not None:
                for row, read in zip(rows, looked.rows, strict=True):
                    if read:
                        kept.keep(row, read)
    for name, number in sorted(dropped.items()):
        on_note(said_of(name, number))
    result.spread()
    return result


def render_rows(
    data: Dataset, renderer: Renderer, rows: list[int], pair: str
) -> list[TokenRow | RenderError]:
    """Some rows as tokens."""
    return read_rows([data.conversation(row) for row in rows], renderer, pair)
