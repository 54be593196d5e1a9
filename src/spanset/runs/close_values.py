"""Where two nested values, or two tables, first differ; numbers by as much as rounding may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spanset.base.array_types import FloatArray


@dataclass(frozen=True)
class Difference:
    """Where two values differ, and both of them."""

    place: str
    then: object
    now: object


class _Nothing:
    """In place of what one of two values lacks."""

    def __str__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def first_difference(
    then: Any, now: Any, share: float, *, shared_only: bool = False, place: str = ""
) -> Difference | None:
    """First place at which two values of JSON differ.

    Parameters
    ----------
    share : float
        Numbers with a fraction may differ by this share of the larger; 0 for not at all.
    shared_only : bool
        Whether keys that one of the two lacks are passed over.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        for key in (*then, *(key for key in now if key not in then)):
            if shared_only and not (key in then and key in now):
                continue
            inner = f"{place}.{key}" if place else str(key)
            found = first_difference(
                then.get(key, _NOTHING),
                now.get(key, _NOTHING),
                share,
                shared_only=shared_only,
                place=inner,
            )
            if found is not None:
                return found
        return None
    if isinstance(then, list) and isinstance(now, list):
        for number, (one, other) in enumerate(zip(then, now, strict=False)):
            inner = f"{place}[{number}]"
            found = first_difference(one, other, share, shared_only=shared_only, place=inner)
            if found is not None:
                return found
        if len(then) == len(now):
            return None
        return Difference(place, f"{len(then)} entries", f"{len(now)} entries")
    return None if _are_close(then, now, share) else Difference(place, then, now)


def _are_close(then: Any, now: Any, share: float) -> bool:
    if isinstance(then, float) and isinstance(now, float):
        if np.isnan(then) or np.isnan(now):
            return bool(np.isnan(then) and np.isnan(now))
        return then == now or abs(then - now) <= share * max(abs(then), abs(now))
    return type(then) is type(now) and then == now


@dataclass(frozen=True)
class CellDifference:
    """A column, the first line of it that differs (from 0), and both values."""

    column: str
    line: int
    then: object
    now: object


def first_cell(then: pa.Table, now: pa.Table, share: float) -> CellDifference | None:
    """First cell in which two tables differ, by columns.

    Parameters
    ----------
    share : float
        Gains may differ by this share of the largest; scores, which are logarithms of gains, by
        what that makes of them; other numbers with a fraction by this share of 1 or of themselves.
    """
    if then.schema.names != now.schema.names:
        names = (", ".join(table.schema.names) for table in (then, now))
        return CellDifference("columns", 0, *names)
    if len(then) != len(now):
        return CellDifference("lines", min(len(then), len(now)), len(then), len(now))
    for name in then.schema.names:
        one, other = then.column(name), now.column(name)
        if one.type != other.type:
            return CellDifference(name, 0, str(one.type), str(other.type))
        if pa.types.is_floating(one.type):
            mine, its = (column.to_numpy().astype(np.float64) for column in (one, other))
            with np.errstate(invalid="ignore"):  # of two infinite ones
                off = ~(np.abs(mine - its) <= share * _slack(name, then))
            off &= ~((mine == its) | (np.isnan(mine) & np.isnan(its)))
        else:
            off = np.array(one.to_pylist(), object) != np.array(other.to_pylist(), object)
        if off.any():
            line = int(np.argmax(off))
            return CellDifference(name, line, one[line].as_py(), other[line].as_py())
    return None


def largest_change(then: FloatArray, now: FloatArray) -> float:
    """Largest distance between numbers (k,) of two runs; 0 where there are none."""
    off = np.abs(then - now)
    return float(np.max(off, initial=0.0, where=~np.isnan(off)))


def _slack(name: str, table: pa.Table) -> FloatArray | float:
    """What a share is a share of, a number a line."""
    values = np.abs(table.column(name).to_numpy().astype(np.float64))
    if name not in ("gain", "score"):
        return np.maximum(1.0, np.nan_to_num(values))
    gains = table.column("gain").to_numpy().astype(np.float64)
    largest = float(np.max(gains, initial=0.0, where=~np.isnan(gains)))
    if name == "gain":
        return largest
    with np.errstate(divide="ignore", invalid="ignore"):
        of_log = np.where(gains > 0.0, largest / gains, 0.0)
    return np.maximum(1.0, np.nan_to_num(values)) + of_log
