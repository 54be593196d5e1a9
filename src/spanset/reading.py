"""Inputs read by the settings, and the paths that a run reads."""

from __future__ import annotations

from spanset.config import DataConfig, SelectConfig, column_names
from spanset.data import Dataset, read
from spanset.data.formats import parse_mapping
from spanset.features import parse_features


def read_data(paths: tuple[str, ...], config: DataConfig) -> Dataset:
    """Read the inputs by the settings."""
    return read(
        paths,
        columns=column_names(config.columns),
        format=config.format,
        mapping=None if config.map is None else parse_mapping(config.map),
        on_bad_row=config.on_bad_row,
        on_empty=config.on_empty,
    )


def input_paths(config: SelectConfig, data: Dataset) -> list[str]:
    """Every file that the run reads."""
    spec = parse_features(config.features.features, config.model.model)
    more = (config.choice.given, spec.path)
    paths = (*(source.path for source in data.sources), *more)
    return [path for path in paths if path]
