"""A look at all rows before the model runs: what can be represented, and what it will cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.data.dataset import Dataset
from spanset.stores.digests import first_rows, is_first
from spanset.stores.status import MADE, Status

AT_ONCE = 1_000  # rows rendered at once


@dataclass(frozen=True)
class Cost:
    """What the features of a data set take.

    Attributes
    ----------
    rows, distinct : int
        Rows, and those with a conversation of their own: copies are computed once.
    tokens, supervised : int or None
        Of the distinct rows that the model takes, cut at the longest length; None where rows are
        not counted in tokens, or where nothing is supervised.
    truncated : int
        Distinct rows cut.
    excluded : int
        Rows that cannot be represented.
    """

    rows: int
    distinct: int
    tokens: int | None = None
    supervised: int | None = None
    truncated: int = 0
    excluded: int = 0

    def __str__(self) -> str:
        notes = [f"{self.distinct:,} distinct"] if self.distinct < self.rows else []
        notes += [f"{self.truncated:,} truncated"] if self.truncated else []
        notes += [f"{self.excluded:,} left out"] if self.excluded else []
        shown = f" ({', '.join(notes)})" if notes else ""
        tokens = "" if self.tokens is None else f", {self.tokens:,} tokens"
        supervised = "" if self.supervised is None else f", {self.supervised:,} of them supervised"
        return f"{self.rows:,} rows{shown}{tokens}{supervised}"

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
    truncated : bool
        Whether the row is cut.
    columns : dict
        Of the store: numbers of tokens (int32), where the kind of features counts them.
    """

    digests: npt.NDArray[np.uint8]
    first: IntArray
    status: npt.NDArray[np.uint8]
    truncated: npt.NDArray[np.bool_]
    columns: dict[str, npt.NDArray[np.int32]]

    @classmethod
    def start(cls, digests: npt.NDArray[np.uint8], *columns: str) -> Survey:
        """All rows pending, with columns of zeros."""
        n = len(digests)
        return cls(
            digests,
            first_rows(digests),
            np.zeros(n, np.uint8),
            np.zeros(n, bool),
            {name: np.zeros(n, np.int32) for name in columns},
        )

    def distinct(self) -> Iterator[list[int]]:
        """The first row of each kind, `AT_ONCE` at a time."""
        rows = iter(np.flatnonzero(is_first(self.first)).tolist())
        while some := list(islice(rows, AT_ONCE)):
            yield some

    def spread(self) -> None:
        """Give copies what was found of the first of their kind."""
        for values in (self.status, self.truncated, *self.columns.values()):
            values[:] = values[self.first]

    @property
    def cost(self) -> Cost:
        """What to expect of the features."""
        rows = np.flatnonzero((self.status == Status.PENDING) & is_first(self.first))
        return Cost(
            rows=len(self.first),
            distinct=int(is_first(self.first).sum()),
            truncated=int(self.truncated[rows].sum()),
            excluded=int((self.status != Status.PENDING).sum()),
            **{name: int(values[rows].sum()) for name, values in self.columns.items()},
        )


def not_rendered(data: Dataset, row: int, why: str) -> DataError:
    """Error for a row that the chat template refuses."""
    return DataError(
        "the row cannot be rendered for the model",
        where=data.where(row),
        why=why,
        fix="mend the row, use --chat-template FILE, or leave such rows out with --on-bad-row skip",
    )


_FIXES = {
    Status.SAME_SIDES: "compare other data, or take one side: --pair chosen",
    Status.NOT_A_PAIR: "leave out --pair rejected",
    Status.NO_TEXT: "use another --text (prompt, answer or all); see rows with `spanset show DATA`",
    Status.NO_WORDS: "see how rows are understood: `spanset show DATA`",
    Status.NO_KNOWN_TOKEN: "use a table made for this language: --features static:MODEL, or "
    "--features lexical",
    Status.NON_FINITE: "try --model-dtype float32, or another model",
    Status.ZERO: "try --model-dtype float32, or another model",
}


def require_representable(
    status: npt.NDArray[np.uint8], data: Dataset, *, on_bad_row: str = "skip"
) -> None:
    """Refuse data of which no row is, or can be, represented.

    Parameters
    ----------
    status : (N,) uint8
        What became of the rows, or `Status.PENDING`.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refused when an earlier run looked at it.

    Raises
    ------
    DataError
        With the reason of the first row; or a refused row, with its place.
    """
    refused = np.flatnonzero(status == Status.NOT_RENDERED)
    if on_bad_row == "stop" and len(refused):
        raise not_rendered(data, int(refused[0]), Status.NOT_RENDERED.reason)
    if np.isin(status, (Status.PENDING, *MADE)).any():
        return
    first = Status(status[0])
    raise DataError(
        f"none of {len(data):,} rows can be represented",
        where=data.where(0),
        why=first.reason,
        fix=_FIXES.get(
            first, "raise --max-length, or look at rows with `spanset show DATA --model M`"
        ),
    )
