"""Settings of ``spanset report``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from spanset.config.groups import DATA, MEASURE, OUTPUT
from spanset.config.model_settings import ModelConfig
from spanset.config.settings import DataConfig, FeatureConfig


@dataclass(frozen=True)
class LookingConfig(DataConfig):
    """How files are read for a look at them: rows that cannot be read are counted, and shown."""

    on_bad_row: Annotated[Literal["stop", "skip"], Parameter(group=DATA)] = "skip"
    """At a malformed row: stop, or skip it and count it on the page."""


@dataclass(frozen=True)
class PageConfig:
    """Where a page goes, and what its draws start from."""

    output: Annotated[
        str | None, Parameter(name=["--output", "-o"], group=OUTPUT, allow_leading_hyphen=True)
    ] = None
    """The page: by default DATA-report.html here, or report.html in the run folder; - for standard
    output."""

    projection: Annotated[Literal["pca", "umap"] | None, Parameter(group=OUTPUT)] = None
    """How the map places rows: by two principal components, the usual way, or by UMAP (extra
    `map`); of a run as it was asked for."""

    force: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Replace a page that exists."""

    json: Annotated[bool, Parameter(negative="", group=OUTPUT)] = False
    """Print where it is as JSON."""

    seed: Annotated[int, Parameter(group=MEASURE)] = 0
    """Of every random draw."""


@dataclass(frozen=True)
class ReportConfig:
    """All settings of ``spanset report``: of a run folder, or of a first look at data."""

    data: tuple[str, ...]
    page: PageConfig = field(default_factory=PageConfig)
    reading: LookingConfig = field(default_factory=LookingConfig)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
