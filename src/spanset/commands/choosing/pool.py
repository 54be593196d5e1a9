"""What there is to choose from: rows with their features and scores, and rows beside them.

represent -> (leave out what is to be avoided: avoiding.py) -> score -> candidates; the same for the
command and the verb `select`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.commands.choosing.other_rows import OtherRows
from spanset.config.comma_lists import comma_list
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.of_parts import FitTransform, Same, represent_parts
from spanset.features.representations import Representation
from spanset.greedy.budget import TokenBudget
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.quotas import Quotas
from spanset.quality.lengths import TokenCounts
from spanset.quality.scored_rows import RowQuality, scored_rows
from spanset.selectors.choosing import Candidates, Matrix
from spanset.stores.represented import Represented

NOTHING_COUNTED = TokenCounts(np.zeros(0, np.int64), np.zeros(0, np.int64), "")


@dataclass(frozen=True)
class Beside:
    """Rows beside the data, by their use; None where there are none."""

    given: OtherRows | None = None
    target: OtherRows | None = None
    avoid: OtherRows | None = None
    keep: IntArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True, eq=False)
class Pool:
    """What there is to choose from.

    Attributes
    ----------
    made : Represented
        Features of the rows that can be picked, n.
    fitted : Representation
        What made them.
    rated : RowQuality
        Their quality.
    tokens : TokenCounts
        Their tokens.
    keys : (n, b) uint8
        Equal for rows that are equal in what is compared.
    given, target : (g, d), (t, d) or None
        Features of those rows: as the kernel sees them, and unit rows.
    given_rows : Dataset or None
        The given rows that have features; None where there are none, or only an array.
    target_rows : (t,) int64
        Which rows of the target its features are of.
    beside : (n, e) or None
        Features of another part of the rows.
    kept : (m,) int64
        Positions of rows that have to be picked.
    """

    made: Represented
    fitted: Representation
    rated: RowQuality
    tokens: TokenCounts
    keys: npt.NDArray[np.uint8]
    given: Matrix | None = None
    target: Matrix | None = None
    given_rows: Dataset | None = None
    target_rows: IntArray = field(default_factory=lambda: NO_ROWS)
    beside: npt.NDArray[Any] | None = None
    kept: IntArray = field(default_factory=lambda: NO_ROWS)

    @classmethod
    def of(
        cls,
        data: Dataset,
        beside: Beside,
        same: Same,
        fit_transform: FitTransform,
        *,
        normalize: bool,
        dtype: str,
    ) -> Pool:
        """Features of the rows that have some, and of those beside; nothing left out, no quality.

        Raises
        ------
        DataError
            Rows that cannot be represented, among others.
        """
        made, fitted, other, keys = represent_parts(data, same, fit_transform)
        given = target = given_rows = None
        places, columns = NO_ROWS, made.X.shape[1]
        if beside.given is not None:
            own = beside.given.only_part(same)
            given, given_rows = own.features(fitted, columns, normalize=normalize, dtype=dtype)
        if beside.target is not None:
            target, places = beside.target.represented(fitted, columns)
        return cls(
            made,
            fitted,
            RowQuality(),
            NOTHING_COUNTED,
            keys,
            given,
            target,
            given_rows,
            places,
            other,
        )

    def less(self, rows: IntArray, reasons: Sequence[str]) -> Pool:
        """The pool less rows at these positions, ascending, listed as avoided; before scoring."""
        left = np.setdiff1d(np.arange(len(self.made.X)), rows)
        return replace(
            self,
            made=self.made.without(rows, reasons),
            keys=self.keys[left],
            beside=None if self.beside is None else self.beside[left],
        )

    def scored(
        self,
        quality: str,
        *,
        transform: str | None,
        tokenizer: str | None,
        model: ModelConfig | None,
        seed: int,
        watcher: Watcher,
        on_bad_row: str = "stop",
    ) -> Pool:
        """The rows that can be scored, with their quality."""
        made, rated = scored_rows(
            self.made,
            self.fitted,
            quality,
            transform=transform,
            tokenizer=tokenizer,
            model=model,
            target=self.target,
            seed=seed,
            on_bad_row=on_bad_row,
            watcher=watcher,
        )
        left = np.flatnonzero(np.isin(self.made.data.ids, made.data.ids))
        return replace(
            self,
            made=made,
            rated=rated,
            keys=self.keys[left],
            beside=None if self.beside is None else self.beside[left],
            kept=positions_kept(made.data, self.made.data.ids[self.kept]),
        )

    def candidates(
        self,
        *,
        normalize: bool,
        budget: TokenBudget | None,
        quotas: Quotas | None,
        prefer: tuple[str, ...],
    ) -> Candidates:
        """The rows that can be picked, as a method takes them."""
        return Candidates(
            self.made.X,
            self.fitted.settings()["kind"],
            None if normalize else self.made.lengths,
            self.rated.log_quality,
            self.given,
            budget,
            quotas,
            self.target,
            self.beside,
            precedence_of(self.made.data, prefer),
            self.kept,
        )


def require_rows(data: Dataset, sizes: list[int]) -> None:
    """Refuse more picks than rows that could be represented."""
    if not sizes or sizes[-1] <= len(data):
        return
    what, left_out, more = "could be represented", data.unrepresented, ", or raise --max-length"
    if data.avoided:
        what, left_out, more = "can be picked", (*data.avoided, *data.unrepresented), ""
    raise DataError(
        f"{sizes[-1]:,} rows are wanted, only {len(data):,} {what}",
        where="-k",
        why=f"{len(left_out):,} rows were left out, the first: {left_out[0].reason}",
        fix=f"give -k {len(data)} or less{more}",
    )


def positions_kept(data: Dataset, ids: IntArray) -> IntArray:
    """Positions of rows that have to be picked, by their numbers."""
    places, is_there = places_in(data.ids, ids)
    if not is_there.all():
        number = int(ids[np.argmin(is_there)])
        left_out = (*data.bad, *data.empty, *data.unrepresented, *data.avoided)
        reasons = [row.reason for row in left_out if row.row == number]
        raise DataError(
            f"row {number} has to be kept and cannot be picked",
            where="--keep",
            why=reasons[0] if reasons else f"the data have {data.total:,} rows, from number 0",
            fix="take it out of the file, or name the data that the numbers are of",
        )
    return places.astype(np.int64)


def precedence_of(data: Dataset, prefer: tuple[str, ...]) -> IntArray | None:
    """Rows of inputs that are named first go before; None where none is named."""
    wanted = comma_list(prefer)
    if not wanted:
        return None
    names = [source.name for source in data.sources]
    for name in wanted:
        if name not in names:
            raise UsageError(
                f"no input {name!r}",
                where="--prefer",
                why=f"there are {', '.join(names)}",
                fix="name inputs as they are given",
            )
    ranks = [wanted.index(name) if name in wanted else len(wanted) for name in names]
    return np.array(ranks, np.int64)[data.source]
