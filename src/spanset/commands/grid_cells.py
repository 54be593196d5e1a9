"""The cells of a grid: a choice each, with the settings that make a difference to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from spanset.base.errors import UsageError
from spanset.config.grid_settings import ChoicesConfig
from spanset.config.number_grids import number_grid
from spanset.config.settings import (
    ChoiceConfig,
    ComputeConfig,
    FeatureConfig,
    OutputConfig,
    QualityConfig,
    SelectConfig,
)
from spanset.kernels.choice import KERNELS
from spanset.runs.compared_choices import RANDOM
from spanset.selectors.choosing import DEFAULT_WEIGHT
from spanset.selectors.methods import METHODS, method_named

MOST = 100  # choices that are run without being asked again


@dataclass(frozen=True)
class Cell:
    """One choice.

    Attributes
    ----------
    settings : SelectConfig
        As for `spanset select`, without k: one run serves every k, where the method is nested.
    label : str
        What tells it from the others.
    """

    settings: SelectConfig
    label: str

    @property
    def method(self) -> str:
        """How rows are chosen."""
        return self.settings.choice.method

    @property
    def line(self) -> str:
        """Features, kernel and gamma, in words."""
        own = self.settings.features
        kernel = own.kernel + (f" {own.gamma}" if own.gamma else "")
        return f"{own.features or 'static'}, {kernel}"


def cells_of(config: ChoicesConfig) -> list[Cell]:
    """Cells of the grid, those that share features and scores together; none is random.

    Raises
    ------
    UsageError
        Names that are none, or more than 100 choices without ``--yes``.
    """
    grid = config.grid
    features = _pieces(grid.features) or [None]
    methods = _methods(config)
    kernels, gammas = _pieces(grid.kernel) or ["rbf"], _pieces(grid.gamma) or [None]
    for kernel in kernels:
        if kernel not in KERNELS:
            known = ", ".join(KERNELS)
            raise UsageError(f"no kernel {kernel!r}", where="--kernel", fix=f"use {known}")
    if grid.gamma and "rbf" not in kernels:
        raise UsageError("only rbf has a gamma", where="--gamma", fix="leave it out, or add rbf")
    qualities = _pieces(grid.quality) or [None]
    weights = [None]
    if grid.quality_weight is not None:
        if not grid.quality:
            raise UsageError(
                "there is no quality to weigh",
                where="--lambda",
                fix="add --quality, or leave it out",
            )
        weights = number_grid(grid.quality_weight, "--lambda")
    found: dict[tuple[object, ...], Cell] = {}
    for one in product(features, qualities, methods, kernels, gammas, weights):
        cell = _cell(config, *one)
        found.setdefault((cell.settings,), cell)
    cells = list(found.values())
    names = [cell.label for cell in cells]
    of_features, of_kernels = len(features) > 1, len(kernels) * len(gammas) > 1
    cells = [
        replace(cell, label=_whole_label(cell, of_features, of_kernels))
        if names.count(cell.label) > 1
        else cell
        for cell in cells
    ]
    if len(cells) > MOST and not grid.yes:
        raise UsageError(
            f"the grid has {len(cells):,} choices",
            where="the grid",
            why=f"{len(features)} features x {len(qualities)} qualities x {len(methods)} methods x "
            f"{len(kernels)} kernels x {len(gammas)} gammas x {len(weights)} lambdas",
            fix="give fewer values, or --yes to run them all",
        )
    return cells


def random_cells(config: ChoicesConfig, draws: int) -> list[Cell]:
    """Random choices that all others stand beside."""
    base = _base(config, (_pieces(config.grid.features) or [None])[0])
    seeds = range(config.shared.seed, config.shared.seed + draws)
    return [
        Cell(replace(base, choice=ChoiceConfig(method=RANDOM, seed=seed)), f"random, seed {seed}")
        for seed in seeds
    ]


def _methods(config: ChoicesConfig) -> list[str]:
    """Methods that are asked for; of ``all`` those that have what they need. Not random."""
    names = _pieces(config.grid.method) or ["dpp"]
    for name in names:
        if name != "all":
            method_named(name)
    if "all" in names:
        there = {
            *(["quality"] if config.grid.quality else []),
            *(["target"] if config.shared.target else []),
        }
        names = [name for name, method in METHODS.items() if method.needs <= there]
    return [name for name in dict.fromkeys(names) if name != RANDOM]


def _cell(
    config: ChoicesConfig,
    features: str | None,
    quality: str | None,
    method: str,
    kernel: str,
    gamma: str | None,
    weight: float | None,
) -> Cell:
    """The cell of these values, less those that make no difference to its method."""
    takes, shared = METHODS[method].takes, config.shared
    own_quality = quality if "quality" in takes else None
    by_kernel = method in ("dpp", "facility")
    own_weight = weight if "lambda" in takes and own_quality is not None else None
    if own_weight is None and "lambda" in takes and own_quality is not None:
        own_weight = DEFAULT_WEIGHT
    if own_weight == 0.0:
        own_quality = own_weight = None
    choice = ChoiceConfig(
        method=method,
        seed=shared.seed,
        given=shared.given if "given" in takes else None,
        target=shared.target if "target" in takes or own_quality is not None else None,
        threshold=shared.threshold if "threshold" in takes else None,
        clusters=shared.clusters if "clusters" in takes else None,
    )
    if choice.target is not None and "target" not in takes:
        is_target = own_quality is not None and own_quality.startswith("target")
        choice = replace(choice, target=shared.target if is_target else None)
    own_gamma = gamma if by_kernel and kernel == "rbf" else None
    base = _base(config, features)
    settings = replace(
        base,
        choice=choice,
        features=replace(base.features, kernel=kernel if by_kernel else "rbf", gamma=own_gamma),
        quality=replace(base.quality, quality=own_quality, quality_weight=own_weight),
    )
    named = own_quality if len(_pieces(config.grid.quality)) > 1 else None
    return Cell(settings, _label(method, named, own_weight))


def _base(config: ChoicesConfig, features: str | None) -> SelectConfig:
    shared = config.shared
    return SelectConfig(
        config.data,
        config.reading,
        ChoiceConfig(),
        FeatureConfig(features=features, normalize=shared.normalize),
        config.model,
        QualityConfig(transform=shared.transform, tokenizer=shared.tokenizer),
        OutputConfig(output="-"),
        ComputeConfig(dtype=shared.dtype, workers=shared.workers),
    )


def _label(method: str, quality: str | None, weight: float | None) -> str:
    parts = [method, *([] if quality is None else [quality])]
    return " ".join([*parts, *([] if weight is None else [f"λ {weight:g}"])])


def _whole_label(cell: Cell, of_features: bool, of_kernels: bool) -> str:
    """The label with features and kernel, those that vary: others are called the same without."""
    own = cell.settings.features
    parts = [cell.label]
    if of_features:
        parts.append(str(own.features or "static"))
    if of_kernels and cell.method in ("dpp", "facility"):
        parts.append(own.kernel + (f" {own.gamma}" if own.gamma else ""))
    return ", ".join(parts)


def _pieces(values: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(piece.strip() for one in values for piece in one.split(",") if piece))
