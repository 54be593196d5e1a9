"""Amounts as people write them: 10000, 0.1, 10%, 2M."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Sequence

from spanset.base.errors import UsageError

_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
_COUNT = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?(?:e[0-9]+)?)([kmgb]?)", re.IGNORECASE)


def row_counts(amounts: Iterable[object], n: int | None) -> list[int]:
    """Numbers of rows out of `n`, ascending: counts, or shares written as 0.1 or 10%.

    Raises
    ------
    UsageError
        No number, zero, or more than `n`.
    """
    pieces = [piece for amount in amounts for piece in str(amount).split(",") if piece.strip()]
    return sorted({_row_count(piece.strip(), n) for piece in pieces})


def _row_count(text: str, rows: int | None) -> int:
    n = sys.maxsize if rows is None else rows
    most = "" if rows is None else f" from 1 to {n:,}"
    fix = f"give a count{most}, or a share such as 0.1 or 10%"
    try:
        is_share = text.endswith("%") or "." in text or "e-" in text
        value = float(text.rstrip("%"))
        share = value / 100 if text.endswith("%") else value
        count = round(share * n) if is_share and 0 < share <= 1 else int(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is no number of rows", where="-k", fix=fix) from None
    if count < 1:
        what = f"{text} of {n:,} rows is no row" if is_share else f"k is {text}"
        raise UsageError(what, where="-k", fix=fix)
    if count > n:
        raise UsageError(f"k is {count:,}, but there are {n:,} usable rows", where="-k", fix=fix)
    return count


def token_count(text: str) -> int:
    """A number of tokens: 2000000, 500k, 2M, 1.5M."""
    match = _COUNT.fullmatch(text.strip())
    count = 0
    if match:
        number, suffix = match.groups()
        value = float(re.sub("[_,]", "", number)) * _SUFFIXES[suffix.lower()]
        count = round(value) if math.isfinite(value) else 0
    if count < 1:
        raise UsageError(
            f"{text!r} is no number of tokens",
            where="--tokens",
            fix="give a positive count such as 2000000, 500k or 2M",
        )
    return count


def duration(seconds: float) -> str:
    """Seconds as people say them: 5 s, 12 min, 3.4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def check_amounts(k: Sequence[str], tokens: str | None) -> None:
    """Refuse to pick nothing, and what are no numbers, before the data are read.

    Raises
    ------
    UsageError
        Neither a number of rows nor of tokens, or no such number.
    """
    if not k and tokens is None:
        raise UsageError(
            "neither -k nor --tokens is given", where="-k", fix="say how much to pick: -k 10000"
        )
    if k and not row_counts(k, None) and tokens is None:
        raise UsageError("no number of rows", where="-k", fix="say how much to pick: -k 10000")
    if tokens is not None:
        token_count(tokens)


def refuse_negative(*flags: tuple[str, int]) -> None:
    """Refuse numbers below 0, by their flags."""
    for flag, value in flags:
        if value < 0:
            raise UsageError(f"{value} is negative", where=flag, fix="give 0 or more")


def refuse_below_one(*flags: tuple[str, int | None]) -> None:
    """Refuse numbers below 1, by their flags."""
    for flag, value in flags:
        if value is not None and value < 1:
            raise UsageError(f"{value} is too few", where=flag, fix="give 1 or more")
