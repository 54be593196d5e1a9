"""What is said of one sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DIGITS = 3  # of recorded numbers: the last bits of products differ between machines


@dataclass(frozen=True)
class Sign:
    """A recognised sign, in words and numbers.

    Attributes
    ----------
    name : str
        In a word or two, with hyphens.
    what : str
        What is seen, with its number; a sentence without a full stop, as the two below.
    why : str
        What it means.
    fix : str
        What to do.
    numbers : mapping of str to float
        What it was recognised by; units are in the documentation of each sign.
    """

    name: str
    what: str
    why: str
    fix: str
    numbers: Mapping[str, float]

    def record(self) -> dict[str, Any]:
        """Words and numbers as plain values, for JSON."""
        return {"name": self.name, "what": self.what, "why": self.why, "fix": self.fix} | {
            "numbers": self._rounded()
        }

    def summary(self) -> dict[str, Any]:
        """Name and numbers, for a manifest."""
        return {"name": self.name, "numbers": self._rounded()}

    def _rounded(self) -> dict[str, float]:
        """Numbers to three digits; counts whole."""
        return {
            name: value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")
            for name, value in self.numbers.items()
        }


def per_cent(share: float) -> str:
    """A share in whole per cent; one that is not all is never shown as all."""
    return f"{min(100 * share, 100 if share == 1 else 99):.0f} %"
