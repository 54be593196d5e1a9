"""A look at all rows before the model runs: what can be represented, and what it will cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.data.dataset import Dataset
from spanset.errors import DataError
from spanset.features.rendering import Rendered, Renderer, RenderError
from spanset.features.store import Status
from spanset.results import IntArray

AT_ONCE = 1_000  # rows rendered at once


@dataclass(frozen=True)
class Cost:
    """What the features of a data set take.

    Attributes
    ----------
    rows, distinct : int
        Rows, and those with a conversation of their own: copies are computed once.
    tokens, supervised : int
        Of the distinct rows that the model takes, cut at the longest length.
    truncated : int
        Distinct rows cut.
    excluded : int
        Rows that cannot be represented.
    """

    rows: int
    distinct: int
    tokens: int
    supervised: int
    truncated: int
    excluded: int

    def __str__(self) -> str:
        notes = [f"{self.distinct:,} distinct"] if self.distinct < self.rows else []
        notes += [f"{self.truncated:,} truncated"] if self.truncated else []
        notes += [f"{self.excluded:,} left out"] if self.excluded else []
        shown = f" ({', '.join(notes)})" if notes else ""
        return (
            f"{self.rows:,} rows{shown}, {self.tokens:,} tokens, {self.supervised:,} of them "
            "supervised"
        )

    def record(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)


@dataclass(frozen=True)
class Survey:
    """Rows as the model will see them; all arrays (N,).

    Attributes
    ----------
    digests : (N, 16) uint8
        Of the conversations.
    first : int64
        First row with the same conversation.
    status : uint8
        PENDING, or why the row cannot be represented.
    tokens, supervised : int32
        Numbers of tokens.
    truncated : bool
        Whether the row is cut.
    """

    digests: npt.NDArray[np.uint8]
    first: IntArray
    status: npt.NDArray[np.uint8]
    tokens: npt.NDArray[np.int32]
    supervised: npt.NDArray[np.int32]
    truncated: npt.NDArray[np.bool_]

    @property
    def cost(self) -> Cost:
        """What to expect of the features."""
        rows = np.flatnonzero((self.status == Status.PENDING) & is_first(self.first))
        return Cost(
            rows=len(self.first),
            distinct=int(is_first(self.first).sum()),
            tokens=int(self.tokens[rows].sum()),
            supervised=int(self.supervised[rows].sum()),
            truncated=int(self.truncated[rows].sum()),
            excluded=int((self.status != Status.PENDING).sum()),
        )


def survey(
    data: Dataset,
    digests: npt.NDArray[np.uint8],
    renderer: Renderer,
    *,
    on_bad_row: str = "stop",
) -> Survey:
    """Render every distinct row once, for its numbers of tokens.

    Parameters
    ----------
    digests : (N, 16) uint8
        Of the rows' conversations.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refuses.

    Raises
    ------
    DataError
        Such a row, with its place; or no row at all that has a supervised token.
    """
    first = first_rows(digests)
    result = Survey(
        digests,
        first,
        np.zeros(len(data), np.uint8),
        np.zeros(len(data), np.int32),
        np.zeros(len(data), np.int32),
        np.zeros(len(data), bool),
    )
    done = iter(np.flatnonzero(is_first(first)).tolist())
    while rows := list(islice(done, AT_ONCE)):
        for row, rendered in zip(rows, render_rows(data, renderer, rows), strict=True):
            if isinstance(rendered, RenderError):
                if on_bad_row == "stop":
                    raise DataError(
                        "the row cannot be rendered for the model",
                        where=data.where(row),
                        why=str(rendered),
                        fix="mend the row, use --chat-template FILE, or leave such rows out with "
                        "--on-bad-row skip",
                    )
                result.status[row] = Status.NOT_RENDERED
                continue
            result.tokens[row] = len(rendered.ids)
            result.supervised[row] = rendered.supervised.sum()
            result.truncated[row] = rendered.truncated
            if not result.supervised[row]:
                result.status[row] = Status.NOT_SUPERVISED
    for values in (result.status, result.tokens, result.supervised, result.truncated):
        values[:] = values[first]
    if (result.status != Status.PENDING).all():
        raise DataError(
            f"none of {len(data):,} rows has a supervised token",
            where=data.where(0),
            why=Status(result.status[0]).reason,
            fix="raise --max-length, or look at rows with `spanset show DATA --model M`",
        )
    return result


def render_rows(data: Dataset, renderer: Renderer, rows: list[int]) -> list[Rendered | RenderError]:
    """Some rows as tokens."""
    return renderer.render([data.conversation(row) for row in rows])


def first_rows(digests: npt.NDArray[np.uint8]) -> IntArray:
    """For each row the first one with the same digest; (N,)."""
    words = np.ascontiguousarray(digests).view([("a", "<u8"), ("b", "<u8")]).ravel()
    _, first, inverse = np.unique(words, return_index=True, return_inverse=True)
    return first[inverse].astype(np.int64)


def is_first(first: IntArray) -> npt.NDArray[np.bool_]:
    """Rows that are the first of their kind."""
    return first == np.arange(len(first))


def with_copies(first: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """All rows whose conversation is that of one of `rows`; and which, by position in `rows`."""
    positions = np.full(len(first), -1, np.int64)
    positions[rows] = np.arange(len(rows))
    found = positions[first]
    members = np.flatnonzero(found >= 0)
    return members, found[members]
