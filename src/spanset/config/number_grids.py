"""Grids of numbers as people write them: 0:1:0.1 or 0,0.1,0.5."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from spanset.base.errors import UsageError

MOST = 101  # numbers of a grid: each is a run


def number_grid(text: str, flag: str) -> list[float]:
    """Numbers from 0 to 1, ascending: first:last:step, or several with commas.

    Decimals are added exactly: 0:1:0.1 is 0, 0.1, ... 1.

    Raises
    ------
    UsageError
        No such grid, numbers outside [0, 1], or more than 101.
    """
    try:
        numbers = [number for piece in text.split(",") for number in _piece(piece)]
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise _wrong(text, flag) from error
    if not numbers or not all(0 <= number <= 1 for number in numbers):
        raise _wrong(text, flag)
    if len(numbers) > MOST:
        raise UsageError(
            f"{len(numbers)} numbers are too many", where=flag, fix=f"give {MOST} at most"
        )
    return sorted({float(number) for number in numbers})


def _piece(text: str) -> list[Decimal]:
    """One number, or those from the first to the last by the step."""
    parts = [Decimal(part.strip()) for part in text.split(":")]
    if not all(part.is_finite() for part in parts):
        raise ValueError(text)
    if len(parts) == 1:
        return parts
    first, last, step = parts
    if step <= 0 or (count := int((last - first) / step)) > 10 * MOST:
        raise ValueError(text)
    return [first + step * number for number in range(count + 1)]


def _wrong(text: str, flag: str) -> UsageError:
    return UsageError(
        f"{text!r} is no grid of numbers from 0 to 1",
        where=flag,
        fix="give first:last:step such as 0:1:0.1, or numbers with commas: 0,0.1,0.5",
    )
