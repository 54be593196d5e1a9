"""Settings of a grid over what `select` takes, for the commands that compare its choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cyclopts import Parameter

from spanset.config.amounts import count_flag
from spanset.config.groups import CHOICE, COMPUTE, FEATURES, GRID, QUALITY
from spanset.config.model_settings import ModelConfig
from spanset.config.settings import DataConfig


@dataclass(frozen=True)
class GridConfig:
    """What is varied: several values, with commas, make a cell each."""

    k: Annotated[tuple[str, ...], Parameter(name=["-k", "--k"], group=GRID, negative="")] = ()
    """Rows to pick: counts (10000, 10k) or shares (0.1, 10%)."""

    method: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Methods (see `spanset select`), or all that need nothing more; by default dpp. random is
    always there."""

    quality_weight: Annotated[str | None, Parameter(name="--lambda", group=GRID)] = None
    """Shares of quality in the score: 0,0.1,0.5 or 0:1:0.1; by default 0.1."""

    quality: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Qualities (see `spanset select`)."""

    features: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Representations (see `spanset select`): gradient:M1,gradient:M2 compares models."""

    kernel: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Kernels: rbf, cosine, linear, arccos0, arccos1."""

    gamma: Annotated[tuple[str, ...], Parameter(group=GRID, negative="")] = ()
    """Of the rbf kernel: numbers, auto:K."""

    also: Annotated[
        tuple[str, ...], Parameter(group=GRID, negative="", allow_leading_hyphen=True)
    ] = ()
    """More choices, a grid of their own in one text: "--method target --features hidden".
    Features and kernel are the others' where it names none."""

    yes: Annotated[bool, Parameter(negative="", group=GRID)] = False
    """Run a grid of more than 100 choices."""


@dataclass(frozen=True)
class SharedConfig:
    """What all cells have in common."""

    given: Annotated[str | None, Parameter(group=CHOICE, allow_leading_hyphen=True)] = None
    """Rows that are in the training set already, for methods that heed them."""

    target: Annotated[str | None, Parameter(group=CHOICE, allow_leading_hyphen=True)] = None
    """Rows like those that the model shall be good at."""

    avoid: Annotated[
        tuple[str, ...], Parameter(group=CHOICE, negative="", allow_leading_hyphen=True)
    ] = ()
    """Evaluation data: rows near to it are left out of all choices."""

    avoid_at: Annotated[float | None, Parameter(group=CHOICE)] = None
    """Cosine from which a row means the same."""

    threshold: Annotated[float | None, Parameter(group=CHOICE)] = None
    """Cosine from which two rows are the same, for methods that have one."""

    clusters: Annotated[int | None, Parameter(converter=count_flag, group=CHOICE)] = None
    """Clusters, for methods that make some."""

    seed: Annotated[int, Parameter(group=CHOICE)] = 0
    """Of every random draw."""

    normalize: Annotated[bool, Parameter(group=FEATURES)] = True
    """Compare directions only, or (--no-normalize) features with their lengths."""

    transform: Annotated[
        Literal["log", "identity", "rank", "quantile", "standard"] | None, Parameter(group=QUALITY)
    ] = None
    """From the scores to log quality."""

    tokenizer: Annotated[str | None, Parameter(group=QUALITY)] = None
    """Hugging Face tokenizer that counts tokens; by default they are estimated."""

    dtype: Annotated[Literal["float64", "float32"], Parameter(group=COMPUTE)] = "float64"
    """Of dpp's choices; volumes are measured in float32."""

    workers: Annotated[int, Parameter(group=COMPUTE)] = 0
    """Threads; 0 for all processors. Changes nothing but speed."""


@dataclass(frozen=True)
class ChoicesConfig:
    """A grid of choices from some data."""

    data: tuple[str, ...]
    reading: DataConfig = field(default_factory=DataConfig)
    grid: GridConfig = field(default_factory=GridConfig)
    shared: SharedConfig = field(default_factory=SharedConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
