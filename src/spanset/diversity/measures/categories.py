"""Number of distinct sources, and of distinct values of a field."""

from __future__ import annotations

import json
from dataclasses import dataclass

from spanset.diversity.estimate import Better, Estimate
from spanset.diversity.sample import Sample


@dataclass(frozen=True)
class Sources:
    """Number of distinct files that the rows come from.

    Unit: files. Higher is more diverse. Of a random draw, so a file of few rows may be missed.
    """

    name: str = "sources"
    unit: str = "files"
    better: Better = "higher"
    needs_rows: bool = True

    def __call__(self, sample: Sample) -> Estimate:
        """Count over the rows of the sample; NaN where there are none."""
        return _count(set(sample.sources))


@dataclass(frozen=True)
class Categories:
    """Number of distinct values of a field.

    Values are equal where their JSON texts are, with the keys of objects sorted: 1, 1.0 and "1"
    are three values. A row without the field, or with null in it, counts as none. Unit: values.
    Higher is more diverse. NaN where no row has a value.
    """

    field: str

    unit: str = "values"
    better: Better = "higher"
    needs_rows: bool = True

    @property
    def name(self) -> str:
        """As on the command line: ``categories:topic``."""
        return f"categories:{self.field}"

    def __call__(self, sample: Sample) -> Estimate:
        """Count over the rows of the sample."""
        values = (value for value in sample.values(self.field) if value is not None)
        return _count({json.dumps(value, sort_keys=True) for value in values})


def _count(values: set[str]) -> Estimate:
    return Estimate(float(len(values)) if values else float("nan"))
