"""Settings of ``spanset measure``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from spanset.config.amounts import count_flag
from spanset.config.groups import COMPUTE, MEASURE
from spanset.config.model_settings import ModelConfig
from spanset.config.settings import DataConfig, FeatureConfig


@dataclass(frozen=True)
class MeasuringConfig:
    """What is measured, of how many rows, and beside what."""

    n: Annotated[int | None, Parameter(name=["-n", "--n"], converter=count_flag, group=MEASURE)] = (
        None
    )
    """Rows that log determinants are taken of (2000, 2k); by default the pool, at most 10,000."""

    metrics: Annotated[tuple[str, ...], Parameter(group=MEASURE, negative="")] = ()
    """Measures, with commas: ldd, vendi:2, knn:5 ...; or all. By default ldd, equivalent-size,
    near-duplicates, vendi, novelsum and distinct-2."""

    pool: Annotated[int | None, Parameter(converter=count_flag, group=MEASURE)] = None
    """Rows drawn from each data set; by default 80 % of the smallest, at most 50,000."""

    draws: Annotated[int, Parameter(group=MEASURE)] = 3
    """Draws of rows and of the reference; values are means over them."""

    by: Annotated[tuple[str, ...], Parameter(group=MEASURE, negative="")] = ()
    """Fields whose distinct values are counted."""

    reference: Annotated[str | None, Parameter(group=MEASURE, allow_leading_hyphen=True)] = None
    """Data that volumes are compared with instead of points uniform on the sphere."""

    given: Annotated[str | None, Parameter(group=MEASURE, allow_leading_hyphen=True)] = None
    """Data that you have already: tells what each of DATA adds to it."""

    subset: Annotated[tuple[str, ...], Parameter(group=MEASURE, negative="")] = ()
    """Rows chosen from DATA: a run folder or its ids.txt; measured against the pool they are from.
    Several, with commas."""

    scores: Annotated[str | None, Parameter(group=MEASURE)] = None
    """CSV file with name,score of each data set: how every measure correlates with the score."""

    seed: Annotated[int, Parameter(group=MEASURE)] = 0
    """Of every random draw."""

    plot: Annotated[str | None, Parameter(group=MEASURE)] = None
    """Draw curves and bars into this .png or .svg file (extra `plot`)."""

    report: Annotated[str | None, Parameter(group=MEASURE)] = None
    """Write all of it as a page into this .html file, to open and to send."""

    force: Annotated[bool, Parameter(negative="", group=MEASURE)] = False
    """Replace a plot and a page that exist."""

    json: Annotated[bool, Parameter(negative="", group=MEASURE)] = False
    """Print everything as JSON."""

    dtype: Annotated[Literal["float32", "float64"], Parameter(group=COMPUTE)] = "float32"
    """Of volumes; float64 takes twice the time and memory, values agree to about 1e-5."""

    workers: Annotated[int, Parameter(group=COMPUTE)] = 0
    """Threads; 0 for all processors. Changes nothing but speed."""


@dataclass(frozen=True)
class MeasureConfig:
    """All settings of ``spanset measure``."""

    data: tuple[str, ...]
    reading: DataConfig = field(default_factory=DataConfig)
    measuring: MeasuringConfig = field(default_factory=MeasuringConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
