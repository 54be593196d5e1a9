"""Settings of ``spanset compare``: a grid, and how its choices are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from spanset.config.grid_settings import ChoicesConfig
from spanset.config.groups import GRID, OUTPUT


@dataclass(frozen=True)
class ComparingConfig:
    """What choices stand beside, by what they are measured, and where that is kept."""

    seeds: Annotated[int, Parameter(group=GRID)] = 3
    """Random choices that all others stand beside."""

    metrics: Annotated[tuple[str, ...], Parameter(group=OUTPUT, negative="")] = ()
    """Measures of the picks, in the space of the first features; by default ldd, vendi, coverage
    and near-duplicates."""

    out: Annotated[str, Parameter(group=OUTPUT)] = "spanset-compare"
    """Folder of what is done; the same command goes on from there."""

    report: Annotated[bool, Parameter(group=OUTPUT)] = True
    """Write report.html into the folder: the page of the comparison, to open and to send."""

    json: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Print everything as JSON."""


@dataclass(frozen=True)
class CompareConfig:
    """All settings of ``spanset compare``."""

    choices: ChoicesConfig
    comparing: ComparingConfig = field(default_factory=ComparingConfig)
