"""What every measure of diversity is: a name, a unit, a direction, and a value for a sample."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

from spanset.diversity.sample import Sample

Better = Literal["higher", "lower"]


class Estimate(NamedTuple):
    """A value, and the standard error of its estimate: 0 where every row was looked at."""

    value: float
    standard_error: float = 0.0


class Measure(Protocol):
    """One number that tells how diverse a sample is."""

    @property
    def name(self) -> str:
        """As on the command line, argument included: ``vendi``, ``vendi:2``."""
        ...

    @property
    def unit(self) -> str:
        """What is counted: nats, rows, fraction, cosine distance ..."""
        ...

    @property
    def better(self) -> Better:
        """Whether higher or lower values mean more diverse."""
        ...

    @property
    def needs_rows(self) -> bool:
        """Whether it reads the rows' own text or fields: features alone do not do."""
        ...

    def __call__(self, sample: Sample) -> Estimate:
        """Value for the sample; NaN where it is not defined for one so small."""
        ...
