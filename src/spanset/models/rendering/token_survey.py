"""Every distinct row rendered once before the model runs: its tokens, or why it has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from spanset.data.dataset import Dataset
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.dropped import dropped_names, said_of
from spanset.models.rendering.kept_tokens import KeptTokens
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.sides import TokenRow, read_rows
from spanset.stores.status import Status
from spanset.stores.survey import Survey, not_rendered


def survey(
    data: Dataset,
    renderer: Renderer,
    *,
    pair: str = "difference",
    on_bad_row: str = "stop",
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
    tokens, supervised = result.columns["tokens"], result.columns["supervised"]
    for rows in result.distinct():
        conversations = [data.conversation(row) for row in rows]
        found = read_rows(conversations, renderer, pair)
        for row, conversation, read in zip(rows, conversations, found, strict=True):
            if isinstance(read, RenderError):
                if on_bad_row == "stop":
                    raise not_rendered(data, row, str(read))
                result.status[row] = Status.NOT_RENDERED
                continue
            for name in dropped_names(conversation, renderer.chat, pair):
                dropped[name] += int(copies[row])
            tokens[row], supervised[row] = read.tokens, read.supervised
            result.truncated[row], result.status[row] = read.truncated, read.status
            if kept is not None:
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
