"""Parts of the rows, each of which is chosen from by itself, here or by a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spanset.base.array_types import FloatArray
from spanset.base.lazy_rows import AnyRows


@dataclass(frozen=True)
class Part:
    """Rows to choose from.

    Attributes
    ----------
    number : int
        Of the part.
    X : (n, d)
        Features of its rows, or what makes them.
    k : int
        Picks wanted.
    log_quality : (n,) float64 or None
        Of its rows.
    """

    number: int
    X: AnyRows
    k: int
    log_quality: FloatArray | None


@dataclass(frozen=True)
class Parts:
    """All of them.

    Attributes
    ----------
    count : int
        How many.
    make : callable
        Part by its number.
    options : mapping
        Of `blocked_greedy`, for every part: `kernel`, `given` and the like.
    """

    count: int
    make: Callable[[int], Part]
    options: Mapping[str, Any]
