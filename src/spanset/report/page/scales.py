"""Axes: where ticks stand, how they read, and from values to places."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`, drawn from `start` to `end`; logarithmic where said.

    A scale without width has its one value in the middle.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Place of a value."""
        low, high, value = (self._on_axis(one) for one in (self.low, self.high, value))
        share = 0.5 if high == low else (value - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def _on_axis(self, value: float) -> float:
        return math.log10(value) if self.is_log else value

    def ticks(self, count: int = 5) -> list[float]:
        """About as many round values."""
        if self.is_log:
            return powers(self.low, self.high, count)
        return round_values(self.low, self.high, count)


def round_values(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` multiples of 1, 2 or 5 times a power of ten from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def powers(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` powers of ten from low to high; 1, 2 and 5 times them where they are few."""
    if not high > low:
        return [low]
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 2:
        near = range(first - 1, last + 1)
        steps = [one * 10.0**power for power in near for one in (1, 2, 5)]
        found = [step for step in steps if low * (1 - 1e-9) <= step <= high * (1 + 1e-9)]
        return found if len(found) > 1 else [low, high]
    stride = math.ceil((last - first + 1) / count)
    return [10.0**power for power in range(first, last + 1, stride)]


def tick_label(value: float) -> str:
    """A number as it is read on an axis: 12,000, 0.25, 1e-06."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e7 or size < 1e-3:
        return f"{value:.0e}" if size >= 1e7 else f"{value:.1g}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
