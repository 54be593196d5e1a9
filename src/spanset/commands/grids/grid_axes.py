"""What a grid varies, and the choices that it makes, each with the settings that matter to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from spanset.base.errors import UsageError
from spanset.config.comma_lists import comma_list
from spanset.config.grid_settings import ChoicesConfig, GridConfig, SharedConfig
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
from spanset.quality.scores import require_known_quality
from spanset.runs.compared_choices import RANDOM
from spanset.selectors.choosing import DEFAULT_WEIGHT
from spanset.selectors.methods import METHODS, method_named


@dataclass(frozen=True)
class Axes:
    """What a grid varies: values, None where the usual one holds."""

    features: list[str | None]
    qualities: list[str | None]
    methods: list[str]
    kernels: list[str]
    gammas: list[str | None]
    weights: list[float | None]

    @classmethod
    def of(cls, grid: GridConfig, shared: SharedConfig) -> Axes:
        """Of a grid, checked.

        Raises
        ------
        UsageError
            Names that are none, or values that do not go together.
        """
        kernels = comma_list(grid.kernel) or ["rbf"]
        for kernel in kernels:
            if kernel not in KERNELS:
                known = ", ".join(KERNELS)
                raise UsageError(f"no kernel {kernel!r}", where="--kernel", fix=f"use {known}")
        if grid.gamma and "rbf" not in kernels:
            raise UsageError(
                "only rbf has a gamma", where="--gamma", fix="leave it out, or add rbf"
            )
        if grid.quality_weight is not None and not grid.quality:
            raise UsageError(
                "there is no quality to weigh",
                where="--lambda",
                fix="add --quality, or leave it out",
            )
        for quality in comma_list(grid.quality):
            require_known_quality(quality)
        weight = grid.quality_weight
        return cls(
            list(comma_list(grid.features)) or [None],
            list(comma_list(grid.quality)) or [None],
            _methods(grid, shared),
            kernels,
            list(comma_list(grid.gamma)) or [None],
            [None] if weight is None else list(number_grid(weight, "--lambda")),
        )

    def settings(self, config: ChoicesConfig) -> list[SelectConfig]:
        """A choice each, as for `spanset select`: what makes no difference to a method, once."""
        found = []
        for features, quality, method, *others in product(*vars(self).values()):
            own = features if METHODS[method].by_features else self.features[0]
            found.append(_settings(config, own, quality, method, *others))
        return list(dict.fromkeys(found))

    def __str__(self) -> str:
        names = ("features", "qualities", "methods", "kernels", "gammas", "lambdas")
        parts = zip(names, vars(self).values(), strict=True)
        return " x ".join(f"{len(values)} {name}" for name, values in parts)


def _methods(grid: GridConfig, shared: SharedConfig) -> list[str]:
    """Methods that are asked for; of ``all`` those that have what they need. Not random."""
    names = comma_list(grid.method) or ["dpp"]
    for name in names:
        if name != "all":
            method_named(name)
    if "all" in names:
        there = {
            *(["quality"] if grid.quality else []),
            *(["target"] if shared.target else []),
        }
        names = [name for name, method in METHODS.items() if method.needs <= there]
    return [name for name in dict.fromkeys(names) if name != RANDOM]


def _settings(
    config: ChoicesConfig,
    features: str | None,
    quality: str | None,
    method: str,
    kernel: str,
    gamma: str | None,
    weight: float | None,
) -> SelectConfig:
    """These values, less those that make no difference to the method."""
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
    base = base_settings(config, features)
    return replace(
        base,
        choice=choice,
        features=replace(base.features, kernel=kernel if by_kernel else "rbf", gamma=own_gamma),
        quality=replace(base.quality, quality=own_quality, quality_weight=own_weight),
    )


def base_settings(config: ChoicesConfig, features: str | None) -> SelectConfig:
    """What all choices of a grid have in common, with these features."""
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
