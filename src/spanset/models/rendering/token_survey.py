"""Every distinct row rendered once before the model runs: its tokens, or why it has none."""

from __future__ import annotations

from spanset.data.dataset import Dataset
from spanset.models.rendering.renderer import Renderer, RenderError
from spanset.models.rendering.sides import TokenRow, read_rows
from spanset.stores.status import Status
from spanset.stores.survey import Survey, not_rendered


def survey(
    data: Dataset,
    renderer: Renderer,
    *,
    pair: str = "difference",
    on_bad_row: str = "stop",
) -> Survey:
    """Render every distinct row once, for its numbers of tokens.

    Parameters
    ----------
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refuses.

    Raises
    ------
    DataError
        Such a row, with its place.
    """
    result = Survey.start(data.digests, "tokens", "supervised")
    tokens, supervised = result.columns["tokens"], result.columns["supervised"]
    for rows in result.distinct():
        for row, read in zip(rows, render_rows(data, renderer, rows, pair), strict=True):
            if isinstance(read, RenderError):
                if on_bad_row == "stop":
                    raise not_rendered(data, row, str(read))
                result.status[row] = Status.NOT_RENDERED
                continue
            tokens[row], supervised[row] = read.tokens, read.supervised
            result.truncated[row], result.status[row] = read.truncated, read.status
    result.spread()
    return result


def render_rows(
    data: Dataset, renderer: Renderer, rows: list[int], pair: str
) -> list[TokenRow | RenderError]:
    """Some rows as tokens."""
    return read_rows([data.conversation(row) for row in rows], renderer, pair)
