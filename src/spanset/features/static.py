"""Static features: what is asked, what is said and how, from a table of vectors; no model runs.

The default where no model is given. Three parts, side by side, each of unit length before it is
weighed by the square root of its share of the cosine:

    asked    mean of the vectors of the user's turns' units
    said     the same of all turns: rows with one prompt and two answers are near, not the same
    worded   hashed units and pairs of them (wording.py): copies are told from rows that mean alike

A unit counts 1 + log of how often it occurs. A row without a prompt is what it says as a whole.
Nothing is fitted to the input: a row's features depend on the row and the table alone. The shares
are measured: docs/features.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spanset.base.array_types import IntArray
from spanset.base.software import software
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.features.made_by_rows import MadeByRows
from spanset.features.token_units import CHARACTERS, UnitCutter, character_vectors
from spanset.features.wording import wording
from spanset.models.static_tables import StaticTable
from spanset.stores.maker import Recipe
from spanset.stores.status import Status
from spanset.stores.survey import Survey

# Shares of the cosine; docs/features.md has the measurements.
ASKED = 0.6
SAID = 0.1
WORDED = 0.3
WORDING_DIMENSION = 256

# Length of a character's random vector beside the median token's: at 1.0 to 2.0 Chinese neighbours
# are found alike, at 1.5 best.
CHARACTER_LENGTH = 1.5

VERSION = 1  # of how a row becomes a vector
BATCH = 1_000  # rows of a batch
AT_ONCE = 2**21  # bytes of them made at once, about: each takes some 70 bytes on the way
TIMED_ROWS = 500  # for an estimate of time


class Units(NamedTuple):
    """Units of some rows' turns, one after the other.

    Attributes
    ----------
    units, turns, rows : (u,) int64
        The unit, and the turn and the row that it stands in, ascending.
    is_asked : (u,) bool
        Whether the user says it.
    n : int
        Rows.
    """

    units: IntArray
    turns: IntArray
    rows: IntArray
    is_asked: npt.NDArray[np.bool_]
    n: int


@dataclass(frozen=True, eq=False)
class StaticFeatures(MadeByRows):
    """Static features by one table: a representation, and what fills a store.

    Attributes
    ----------
    table : StaticTable
        The vectors of tokens.
    """

    table: StaticTable
    watcher: Watcher = field(default=SILENT, repr=False)  # pyright: ignore

    @classmethod
    def load(
        cls,
        name: str,
        config: ModelConfig,
        *,
        watcher: Watcher = SILENT,
        **_: object,
    ) -> StaticFeatures:
        """Read the table: of no name the one that is installed."""
        return cls(StaticTable.load(name, config.revision), watcher)

    @property
    def dimension(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Columns of the features."""
        return 2 * self.table.vectors.shape[1] + WORDING_DIMENSION

    @property
    def rows_at_once(self) -> int:
        """Rows of a batch."""
        return BATCH

    def settings(self) -> dict[str, Any]:
        """The table, and how its vectors become a row's."""
        return {
            "kind": "static",
            "version": VERSION,
            "model": {"name": self.table.name, "digest": self.table.digest},
            "shares": {"asked": ASKED, "said": SAID, "worded": WORDED},
            "wording_dimension": WORDING_DIMENSION,
        }

    def seconds(self, data: Dataset, seen: Survey) -> float:  # noqa: ARG002
        """Of a few rows, evenly spread, timed."""
        some = data[np.linspace(0, len(data) - 1, min(len(data), TIMED_ROWS)).astype(np.int64)]
        self.vectors(some, np.arange(1))  # the first call is slow
        started = monotonic()
        self.vectors(some, np.arange(len(some)))
        return (monotonic() - started) * len(data) / len(some)

    def recipe(self) -> Recipe:
        """With the table itself: 32 MB where it is the installed one."""
        return partial(StaticFeatures, self.table)

    def machine(self) -> dict[str, Any]:
        """Software."""
        return software("numpy", "scipy", "tokenizers")

    def vectors(
        self, data: Dataset, rows: IntArray
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Features (b, dimension) of some rows, before they are scaled; their status (b,)."""
        pieces = np.cumsum(data.length[rows]) // AT_ONCE
        parts = np.split(rows, np.flatnonzero(np.diff(pieces)) + 1)
        made = [self._vectors(data[part]) for part in parts]
        if len(made) == 1:
            return made[0]
        return np.concatenate([X for X, _ in made]), np.concatenate([status for _, status in made])

    def _vectors(self, data: Dataset) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        units = self._units(list(data.conversations()))
        said, is_said = self._meaning(units, np.ones(len(units.units), bool))
        asked, is_asked = self._meaning(units, units.is_asked)
        asked[~is_asked] = said[~is_asked]
        worded = wording(units.units, units.turns, units.rows, units.n, WORDING_DIMENSION)
        parts = ((ASKED, asked), (SAID, said), (WORDED, worded))
        X = np.empty((units.n, self.dimension), np.float32)
        start = 0
        for share, part in parts:
            end = start + part.shape[1]
            np.multiply(part, np.sqrt(share), out=X[:, start:end], casting="same_kind")
            start = end
        has_text = np.bincount(units.rows, minlength=units.n) > 0
        status = np.where(has_text, Status.NO_KNOWN_TOKEN, Status.NO_WORDS)
        status[is_said] = Status.OK
        return X, status.astype(np.uint8)

    def _units(self, conversations: list[Conversation]) -> Units:
        """Every turn's text cut into units."""
        turns = [
            (row, turn)
            for row, one in enumerate(conversations)
            for turn in one.turns + one.rejected
        ]
        units, lengths = self._cutter.cut(turn.text for _, turn in turns)
        of_turn = np.repeat(np.arange(len(turns)), lengths)
        rows = np.fromiter((row for row, _ in turns), np.int64, len(turns))
        asks = np.fromiter((turn.role == "user" for _, turn in turns), bool, len(turns))
        return Units(units, of_turn, rows[of_turn], asks[of_turn], len(conversations))

    def _meaning(
        self, units: Units, chosen: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Unit rows (n, d) of the chosen units' vectors; which rows have any, (n,)."""
        is_character = units.units >= CHARACTERS
        tokens = np.flatnonzero(chosen & ~is_character)
        tokens = tokens[self.table.is_known[units.units[tokens]]]
        vectors = self.table.vectors
        made = _weighed(units.units[tokens], units.rows[tokens], units.n, len(vectors)) @ vectors
        places = np.flatnonzero(chosen & is_character)
        if len(places):
            kinds, columns = np.unique(units.units[places], return_inverse=True)
            of_kinds = character_vectors(kinds, vectors.shape[1], self._character_length)
            made += _weighed(columns, units.rows[places], units.n, len(kinds)) @ of_kinds
        lengths = np.sqrt(np.einsum("ij,ij->i", made, made, dtype=np.float64))
        is_there = lengths > 0.0
        made /= np.where(is_there, lengths, 1.0).astype(np.float32)[:, None]
        return made, is_there

    @cached_property
    def _cutter(self) -> UnitCutter:
        return UnitCutter(self.table)

    @cached_property
    def _character_length(self) -> float:
        """Of the random vectors of characters, beside the table's own."""
        known = self.table.is_known & (self.table.byte_tokens < 0)
        lengths = np.linalg.norm(self.table.vectors[known].astype(np.float64), axis=1)
        return float(CHARACTER_LENGTH * np.median(lengths))


def _weighed(columns: IntArray, rows: IntArray, n: int, width: int) -> Any:
    """1 + log of how often each column occurs in each row; (n, width), sparse float32."""
    starts = np.searchsorted(rows, np.arange(n + 1)).astype(np.int32)
    ones = np.ones(len(columns), np.float32)
    counts = sparse.csr_matrix((ones, columns.astype(np.int32), starts), shape=(n, width))
    counts.sum_duplicates()
    counts.data = 1.0 + np.log(counts.data)
    return counts
