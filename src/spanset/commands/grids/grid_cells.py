"""The cells of a grid: a choice each, with the settings that make a difference to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spanset.base.errors import UsageError
from spanset.commands.grids.grid_axes import Axes, base_settings
from spanset.config.comma_lists import comma_list
from spanset.config.grid_settings import ChoicesConfig, GridConfig
from spanset.config.settings import ChoiceConfig, SelectConfig
from spanset.config.written_grids import written_grid
from spanset.runs.compared_choices import RANDOM

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
        return f"{_features(self.settings)}, {_kernel(self.settings)}"


def cells_of(config: ChoicesConfig) -> list[Cell]:
    """Cells of all grids, those that share features and scores together; none is random.

    Raises
    ------
    UsageError
        Names that are none, or more than 100 choices without ``--yes``.
    """
    also = [_beside(written_grid(text), config.grid) for text in config.grid.also]
    axes = [Axes.of(grid, config.shared) for grid in (config.grid, *also)]
    found = dict.fromkeys(one for grid in axes for one in grid.settings(config))
    if len(found) > MOST and not config.grid.yes:
        raise UsageError(
            f"the grid has {len(found):,} choices",
            where="the grid",
            why="; ".join(map(str, axes)),
            fix="give fewer values, or --yes to run them all",
        )
    choices = _together(list(found))
    return [Cell(one, label) for one, label in zip(choices, _labels(choices), strict=True)]


def random_cells(config: ChoicesConfig, cells: Sequence[Cell], draws: int) -> list[Cell]:
    """Random choices that all others stand beside, of rows that have the first one's features."""
    features = (comma_list(config.grid.features) or [None])[0]
    base = base_settings(config, cells[0].settings.features.features if cells else features)
    seeds = range(config.shared.seed, config.shared.seed + draws)
    return [
        Cell(replace(base, choice=ChoiceConfig(method=RANDOM, seed=seed)), f"random, seed {seed}")
        for seed in seeds
    ]


def _beside(grid: GridConfig, main: GridConfig) -> GridConfig:
    """A grid beside the main one: rows are compared as there, where it does not say."""
    return replace(
        grid,
        features=grid.features or main.features,
        kernel=grid.kernel or main.kernel,
        gamma=grid.gamma if grid.kernel else grid.gamma or main.gamma,
    )


def _together(choices: list[SelectConfig]) -> list[SelectConfig]:
    """Those of the same features together, in the order in which features come first."""
    features = list(dict.fromkeys(one.features.features for one in choices))
    return sorted(choices, key=lambda one: features.index(one.features.features))


def _labels(choices: list[SelectConfig]) -> list[str]:
    """Method and lambda, and what else is needed to tell choices apart."""
    qualities = {one.quality.quality for one in choices} - {None}
    short = [_label(one, names_quality=len(qualities) > 1) for one in choices]
    of_features = len({one.features.features for one in choices}) > 1
    of_kernels = len({_kernel(one) for one in choices}) > 1
    labels = []
    for one, label in zip(choices, short, strict=True):
        is_alone = short.count(label) < 2
        parts = [] if is_alone or not of_features else [_features(one)]
        if not is_alone and of_kernels and one.choice.method in ("dpp", "facility"):
            parts.append(_kernel(one))
        labels.append(", ".join([label, *parts]))
    return labels


def _label(one: SelectConfig, *, names_quality: bool) -> str:
    quality, weight = one.quality.quality, one.quality.quality_weight
    parts = [one.choice.method]
    if quality is not None and names_quality:
        parts.append(quality)
    if weight is not None:
        parts.append(f"λ {weight:g}")
    return " ".join(parts)


def _features(one: SelectConfig) -> str:
    return one.features.features or "static"


def _kernel(one: SelectConfig) -> str:
    return one.features.kernel + (f" {one.features.gamma}" if one.features.gamma else "")
