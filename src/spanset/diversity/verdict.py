"""What the numbers say, in plain words, by thresholds that docs/diversity.md states and reasons."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.diversity.addition import Additions
from spanset.results import MeasuredSet


def verdicts(sets: Sequence[MeasuredSet]) -> list[str]:
    """Sentences on each data set."""
    return []


def verdict_of_additions(added: Additions) -> list[str]:
    """Sentences on what new data add."""
    return []
