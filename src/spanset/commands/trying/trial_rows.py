"""What a trial may pick from, and what it holds out: no row serves both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.base.sorted_places import places_in
from spanset.data.dataset import Dataset
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Rendered
from spanset.models.rendering.token_survey import render_rows
from spanset.selectors.contamination import contacts
from spanset.stores.status import Status

# Of a preference pair: the side that the model is tuned on.
SIDE = "chosen"
SHOWN = 5  # rows left out that are told one by one


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Rows that no choice may pick.

    Attributes
    ----------
    row : int
        Number over all inputs.
    where, why : str
        File and line; the reason.
    """

    row: int
    where: str
    why: str


@dataclass(frozen=True, eq=False)
class TrialRows:
    """Rows of the data by their use.

    Attributes
    ----------
    pool : Dataset
        Rows that can be picked, N.
    tokens, supervised : (N,) int64
        Tokens of each, and those that count.
    home : Dataset
        Rows that are held out.
    left_out : list of LeftOut
        Rows that are neither, and why.
    """

    pool: Dataset
    tokens: IntArray
    supervised: IntArray
    home: Dataset
    left_out: list[LeftOut]

    @classmethod
    def divide(
        cls,
        data: Dataset,
        model: LanguageModel,
        evaluated: list[Dataset],
        *,
        home: int,
        taken: IntArray,
        seed: int,
    ) -> TrialRows:
        """Divide the data.

        Parameters
        ----------
        evaluated : list of Dataset
            Sets from elsewhere: rows that hold one of their prompts are left out.
        home : int
            Rows to hold out, drawn at random.
        taken : (m,) int64
            Numbers of rows that were chosen before: none of them is held out.

        Raises
        ------
        DataError
            Too few rows.
        """
        seen = model.survey(data, keeps=False)
        usable = seen.status == Status.PENDING
        left_out = [
            LeftOut(int(data.ids[row]), data.where(row), Status(seen.status[row]).reason)
            for row in np.flatnonzero(~usable).tolist()
        ]
        for other in evaluated:
            for row, why in _overlap(data, other):
                if usable[row]:
                    usable[row] = False
                    left_out.append(LeftOut(int(data.ids[row]), data.where(row), why))
        places = _drawn(data, np.flatnonzero(usable), home, taken, seed)
        usable[places] = False
        for row in _copies(data, usable, places):
            usable[row] = False
            left_out.append(
                LeftOut(int(data.ids[row]), data.where(row), "a copy of a row held out")
            )
        pool = np.flatnonzero(usable)
        if not len(pool):
            raise DataError(
                "no row is left to train on",
                where="DATA",
                why=f"the first that is left out: {left_out[0].where}: {left_out[0].why}",
                fix="give other data, or other files to --eval",
            )
        return cls(
            data[pool],
            seen.columns["tokens"][pool].astype(np.int64),
            seen.columns["supervised"][pool].astype(np.int64),
            data[places],
            left_out,
        )

    def said(self) -> list[str]:
        """Rows that are left out, in words: how many, and some of them."""
        if not self.left_out:
            return []
        lines = [f"{len(self.left_out):,} rows are left out of every choice:"]
        lines += [f"  {one.where}: {one.why}" for one in self.left_out[:SHOWN]]
        if len(self.left_out) > SHOWN:
            lines.append(f"  and {len(self.left_out) - SHOWN:,} more, all in the result")
        return lines

    @property
    def outside(self) -> IntArray:
        """Numbers of the rows that cannot be picked, ascending."""
        return np.sort(np.concatenate([self.home.ids, [one.row for one in self.left_out]])).astype(
            np.int64
        )

    def places(self, ids: IntArray) -> IntArray:
        """Places in the pool of the rows of these numbers that are there, in their order."""
        found, is_there = places_in(self.pool.ids, ids)
        return found[is_there].astype(np.int64)


def rendered_rows(data: Dataset, model: LanguageModel, rows: IntArray) -> list[Rendered]:
    """Rows at these positions as a model is tuned on them."""
    found = render_rows(data, model.renderer, rows.tolist(), SIDE)
    return [one.sequences[0] for one in found if not isinstance(one, RenderError)]


def _overlap(data: Dataset, other: Dataset) -> list[tuple[int, str]]:
    nothing = np.empty((0, 1), np.float32)
    found = contacts(data, np.empty((len(data), 1), np.float32), other, nothing, None)
    return [(one.row, f"holds {other.where(one.other)}: {one.how}") for one in found]


def _drawn(data: Dataset, usable: IntArray, home: int, taken: IntArray, seed: int) -> IntArray:
    """Rows to hold out, ascending."""
    if not home:
        return usable[:0]
    free = usable[~np.isin(data.ids[usable], taken)]
    if home >= len(free):
        raise DataError(
            f"{home:,} rows are to be held out of {len(free):,}",
            where="--home",
            fix="hold out fewer, or none (--home 0)",
        )
    return np.sort(np.random.default_rng([seed, 1]).choice(free, home, replace=False))


def _copies(data: Dataset, usable: np.ndarray, places: IntArray) -> list[int]:
    """Rows that are equal to one that is held out."""
    held = {data.digests[place].tobytes() for place in places.tolist()}
    rows = np.flatnonzero(usable).tolist()
    return [row for row in rows if data.digests[row].tobytes() in held]
