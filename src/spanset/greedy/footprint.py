"""What a greedy selection takes: memory, or a file for its factor where memory does not hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from spanset.base import memory
from spanset.base.disk_space import free_bytes
from spanset.base.errors import SpansetError
from spanset.base.workers import available_workers
from spanset.config.amounts import size_of
from spanset.greedy.factor import BLOCK
from spanset.greedy.factor_rows import CHUNK

HELD = 2304  # rows held in float64 where the factor is computed in float32
ROW = 128  # bytes of a row beside features and factor: residuals, scores, places


class Way(NamedTuple):
    """A way to do it.

    Attributes
    ----------
    memory, disk : int
        Bytes; disk of a factor in a file.
    holds_features : bool
        Whether features are held as the kernel sees them, or made when they are asked for.
    """

    memory: int
    disk: int
    holds_features: bool


@dataclass(frozen=True)
class Footprint:
    """Bytes that a greedy selection takes, beside the features as they are kept.

    Attributes
    ----------
    n, k : int
        Candidates and picks.
    dtype : str
        Of the factor.
    factor : int
        The partial Cholesky factor, in memory or in a file.
    features : int
        Rows as the kernel sees them, in the factor's dtype: held, where memory holds them.
    beside : int
        In memory wherever these are: given rows, numbers of every row, and what decides in float64
        where the factor is in float32.
    chunks, rows : int
        In memory where the factor is in a file, or features are not held: what is read, or made,
        at once.
    """

    n: int
    k: int
    dtype: str
    factor: int
    features: int
    beside: int
    chunks: int
    rows: int

    @classmethod
    def of(
        cls,
        n: int,
        k: int,
        d: int,
        dtype: str,
        given: int = 0,
        *,
        is_mixed: bool = False,
        workers: int = 0,
    ) -> Footprint:
        """Of `k` picks of `n` rows (n, d) beside `given` ones.

        Mixed: the factor in float32, what decides in `dtype` (see mixed.py).
        """
        itemsize, t = np.dtype(dtype).itemsize, k + given
        of_factor = "float32" if is_mixed else dtype
        number = np.dtype(of_factor).itemsize
        beside = ROW * n + itemsize * given * d
        beside += 2 * 8 * given * given  # the given rows' kernel and its factor, in float64
        if is_mixed:
            beside += itemsize * (HELD * t + t * t // 2)
        at_once = (workers or available_workers()) * CHUNK
        return cls(
            n,
            k,
            of_factor,
            number * n * t,
            number * n * d,
            beside,
            at_once * (t + 2 * BLOCK) * number,
            at_once * d * (8 + number),
        )

    def with_features_there(self) -> Footprint:
        """Where rows as the kernel sees them are in memory anyway."""
        return replace(self, features=0, rows=0)

    @property
    def in_memory(self) -> int:
        """Memory where everything is there."""
        return self.beside + self.factor + self.features

    def ways(self) -> Iterator[Way]:
        """How it can be done, the fastest first."""
        for is_in_file, holds_features in product((False, True), (True, False)):
            memory = self.beside + (self.chunks if is_in_file else self.factor)
            memory += self.features if holds_features else self.rows
            yield Way(memory, self.factor if is_in_file else 0, holds_features)

    def way_within(self, available: int) -> Way | None:
        """The fastest way that so much memory holds; None where none does."""
        return next((way for way in self.ways() if way.memory <= available), None)

    def require_memory(self, *, where: str = "-k") -> None:
        """Refuse what memory does not hold, factor and all."""
        require_memory(self.in_memory, self.n, self.k, self.dtype, where=where)

    def way(self, scratch: Path | None, *, sharers: int = 1, where: str = "-k") -> Way:
        """The fastest way that memory holds, and the disk.

        Parameters
        ----------
        scratch : Path or None
            Folder for a file; None where there shall be none.
        sharers : int
            Selections that share this machine's memory, this one included.
        where : str
            The flag that says k.

        Raises
        ------
        SpansetError
            Neither memory nor the disk holds it.
        """
        available = memory.available_bytes() // sharers
        way = self.way_within(available)
        if way is None or (way.disk and scratch is None):
            refuse_memory(self.in_memory, available, self.n, self.k, self.dtype, where=where)
        if not way.disk or scratch is None:
            return way
        free = free_bytes(scratch) // sharers
        if way.disk <= free:
            return way
        fits = int(self.k * free / self.factor)
        advice = ["name a folder on a larger disk: --scratch DIR", *_smaller(self.dtype)]
        advice += [f"{where} {fits} fits there"] if fits > 0 else []
        raise SpansetError(
            f"the selection needs {size_of(self.in_memory)} of memory, {size_of(available)} are "
            f"available; or {size_of(self.factor)} on disk, {size_of(free)} are free",
            where=str(scratch),
            why=f"the factor holds rows x picks numbers of {self.dtype}",
            fix="; ".join(advice),
        )


def require_memory(needed: int, n: int, k: int, dtype: str, *, where: str = "-k") -> None:
    """Refuse a selection of `k` of `n` rows that cannot fit; `where` is the flag that says k.

    Raises
    ------
    SpansetError
        With what to change.
    """
    available = memory.available_bytes()
    if needed > available:
        refuse_memory(needed, available, n, k, dtype, where=where)


def refuse_memory(
    needed: int, available: int, n: int, k: int, dtype: str, *, where: str
) -> NoReturn:
    """Say what does not fit, and what to change."""
    fits = int(k - (needed - available) / (n * np.dtype(dtype).itemsize))
    advice = _smaller(dtype)
    advice += [f"{where} {fits} fits as it is"] if fits > 0 else []
    raise SpansetError(
        f"the selection needs {size_of(needed)} of memory, {size_of(available)} are available",
        where=where,
        why=f"the factor holds rows x picks numbers of {dtype}",
        fix="; ".join(advice) or "select from fewer rows, or on a larger machine",
    )


def _smaller(dtype: str) -> list[str]:
    return ["--dtype float32 halves it"] if dtype == "float64" else []
