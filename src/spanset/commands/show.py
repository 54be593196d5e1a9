"""`spanset show`: rows beside what they are understood as, or beside what a model reads of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import UsageError, printable
from spanset.commands.shown_rows import shown_lines
from spanset.commands.terminal.panels import (
    conversation_panels,
    format_panels,
    rendered_panels,
    unused_lines,
)
from spanset.commands.terminal.tables import input_table
from spanset.config.model_settings import ModelConfig
from spanset.config.settings import DataConfig
from spanset.data.reader import read_data

if TYPE_CHECKING:
    from spanset.data.dataset import Dataset
    from spanset.models.rendering.renderer import Renderer


def show_formats(data: tuple[str, ...], *, json: bool = False) -> RenderableType:
    """The formats that are known; data have nothing to do with them."""
    if data:
        raise UsageError("--formats needs no data", where=data[0], fix="drop one of them")
    if json:
        raise UsageError(
            "--json prints rows, --formats has none", where="--json", fix="drop one of them"
        )
    return format_panels()


def show_rows(
    data: tuple[str, ...], count: int, reading: DataConfig, model: ModelConfig
) -> RenderableType:
    """The inputs, the first rows, and the first that were left out.

    Raises
    ------
    SpansetError
        Inputs that cannot be read, or a model that cannot be used.
    """
    dataset, renderer = _read(data, count, reading, model)
    return rows_shown(dataset, count, renderer, model.pair)


def rows_shown(
    dataset: Dataset, count: int, renderer: Renderer | None, pair: str
) -> RenderableType:
    """The same of rows that are read already; with a renderer, what the model reads of them."""
    notes = [unused_lines(dataset)]
    if renderer is None:
        panels = conversation_panels(dataset, count)
    else:
        notes.append(_dropped_lines(dataset, renderer, count, pair))
        panels = rendered_panels(dataset, renderer, count, pair)
    left_out = (
        Text(printable(f"left out: {row.source}:{row.line}: {row.reason}"))
        for row in dataset.bad[:count]
    )
    return Group(input_table(dataset), *notes, panels, *left_out)


def show_json(
    data: tuple[str, ...], count: int, reading: DataConfig, model: ModelConfig, encoding: str
) -> Iterator[str]:
    """The first rows, and the first that were left out, in lines of JSON.

    Raises
    ------
    SpansetError
        As above, before the first line.
    """
    dataset, renderer = _read(data, count, reading, model)
    return shown_lines(dataset, count, renderer, model.pair, encoding)


def _read(
    data: tuple[str, ...], count: int, reading: DataConfig, model: ModelConfig
) -> tuple[Dataset, Renderer | None]:
    """The rows, and what renders them where there is a model."""
    if count < 0:
        raise UsageError(f"{count} is negative", where="-n", fix="give 0 or more")
    dataset = read_data(data, reading)
    if model.model is None:
        return dataset, None
    from spanset.models.language_model import LanguageModel

    return dataset, LanguageModel.load(model.model, model).renderer


def _dropped_lines(data: Dataset, renderer: Renderer, count: int, pair: str) -> RenderableType:
    """A line for all that the chat template has no place for in the rows that are shown."""
    from spanset.models.rendering.dropped import dropped_names, said_of

    first = data[np.arange(min(count, len(data)))]
    found = Counter(
        name for talk in first.conversations() for name in dropped_names(talk, renderer.chat, pair)
    )
    lines = (f"{said_of(name, rows)}, of {len(first):,} shown" for name, rows in found.items())
    return Group(*(Text(line, style="yellow") for line in lines))
