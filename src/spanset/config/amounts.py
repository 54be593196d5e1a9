"""Amounts as people write them: 10000, 0.1, 10%, 2M."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from spanset.base.errors import UsageError

if TYPE_CHECKING:
    from cyclopts import Token

_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
# Commas only between groups of three digits: 1,5M is one and a half million to many.
_COUNT = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?P<part>(?:\.[0-9]+)?(?:e[0-9]+)?)"
    r"(?P<suffix>[kmgb]?)",
    re.IGNORECASE,
)


def count_of(text: str) -> int | None:
    """The count that a text names: 10000, 10_000, 10,000, 1e4, 10k, 1.5M.

    None where it names none, or more than there can be of anything.
    """
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        return None
    whole, part, suffix = match["whole"].replace(",", ""), match["part"], match["suffix"].lower()
    if part and not suffix and "e" not in part.lower():
        return None  # 1.5 of something
    try:
        # Without a part it is exact, however large.
        count = int(whole) * _SUFFIXES[suffix] if not part else _rounded(whole + part, suffix)
    except (ValueError, OverflowError):  # of more digits than there can be
        return None
    return count if count <= sys.maxsize else None


def _rounded(number: str, suffix: str) -> int:
    return round(float(number) * _SUFFIXES[suffix])


def count_flag(_: Any, tokens: Sequence[Token]) -> int:
    """Count after a flag, for the command line: as `count_of`; the flag's room judges its size.

    Raises
    ------
    UsageError
        No count.
    """
    text = tokens[0].value
    with suppress(ValueError):
        return int(text)
    count = count_of(text)
    if count is None:
        flag, fix = tokens[0].keyword, "give a count such as 500 or 10k"
        raise UsageError(f"{text!r} is no count", where=flag or "", fix=fix)
    return count


def row_counts(amounts: Iterable[object], n: int | None) -> list[int]:
    """Numbers of rows out of `n`, ascending: counts (see `count_of`), or shares as 0.1 or 10%.

    Commas stand between amounts. Without `n`, all that can be a number of rows is taken.

    Raises
    ------
    UsageError
        No number, zero, or more than `n`.
    """
    pieces = [piece for amount in amounts for piece in str(amount).split(",") if piece.strip()]
    return sorted({_row_count(piece.strip(), n) for piece in pieces})


def _row_count(text: str, n: int | None) -> int:
    most = " such as 500 or 10k" if n is None else f" from 1 to {n:,}"
    fix = f"give a count{most}, or a share such as 0.1 or 10%"
    share = _share(text)
    rows = sys.maxsize if n is None else n
    count = count_of(text) if share is None else round(share * rows)
    if count is None:
        raise UsageError(f"{text!r} is no number of rows", where="-k", fix=fix)
    if re.fullmatch("0[0-9]{2}", text):
        why = "commas stand between several numbers of rows"
        raise UsageError(f"k is {text}", where="-k", why=why, fix="write 10000, 10_000 or 10k")
    if count < 1:
        what = f"k is {text}" if share is None else f"{text} of {rows:,} rows is no row"
        raise UsageError(what, where="-k", fix=fix)
    if n is not None and count > n:
        raise UsageError(f"k is {count:,}, but there are {n:,} usable rows", where="-k", fix=fix)
    return count


def _share(text: str) -> float | None:
    """The share of the rows that a text names, in (0, 1]; None where it names none."""
    number = text.removesuffix("%")
    if number == text and "." not in text and "e-" not in text.lower():
        return None  # 1 is a row, 1.0 all of them
    try:
        share = float(number) / (1 if number == text else 100)
    except ValueError:
        return None
    return share if 0 < share <= 1 else None


def token_count(text: str) -> int:
    """A number of tokens: 2000000, 500k, 2M, 1.5M."""
    count = count_of(text)
    if not count:
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


def size_of(count: int) -> str:
    """Bytes as people say them: 12 KiB, 3.4 MiB, 1.2 GiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= 0.95 * size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"
    return f"{-(-count // 2**10):,} KiB"


def is_auto(k: Sequence[str]) -> bool:
    """Whether the number of rows is to be found.

    Raises
    ------
    UsageError
        A number beside it.
    """
    pieces = [piece.strip().lower() for amount in k for piece in amount.split(",")]
    if "auto" in pieces and len(pieces) > 1:
        raise UsageError("auto stands beside a number", where="-k", fix="give one of them")
    return pieces == ["auto"]


def check_amounts(k: Sequence[str], tokens: str | None, *, may_lack: bool = False) -> None:
    """Refuse to pick nothing, and what are no numbers, before the data are read.

    `may_lack`: whether the number of rows needs not be said.

    Raises
    ------
    UsageError
        Neither a number of rows nor of tokens, or no such number.
    """
    if tokens is not None:
        token_count(tokens)
    if is_auto(k) or (may_lack and not k):
        return
    if not k and tokens is None:
        raise UsageError(
            "neither -k nor --tokens is given", where="-k", fix="say how much to pick: -k 10000"
        )
    if k and not row_counts(k, None) and tokens is None:
        raise UsageError("no number of rows", where="-k", fix="say how much to pick: -k 10000")


def refuse_negative(*flags: tuple[str, int | None]) -> None:
    """Refuse numbers below 0, by their flags."""
    for flag, value in flags:
        if value is not None and value < 0:
            raise UsageError(f"{value} is negative", where=flag, fix="give 0 or more")


def refuse_below_one(*flags: tuple[str, int | None]) -> None:
    """Refuse numbers below 1, by their flags."""
    for flag, value in flags:
        if value is not None and value < 1:
            raise UsageError(f"{value} is too few", where=flag, fix="give 1 or more")
