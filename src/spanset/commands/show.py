"""`spanset show`: rows beside what they are understood as, or beside what a model reads of them."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from spanset.base.errors import UsageError, printable
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


def show_formats(data: tuple[str, ...]) -> RenderableType:
    """The formats that are known; data have nothing to do with them."""
    if data:
        raise UsageError("--formats needs no data", where=data[0], fix="drop one of them")
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
    if count < 0:
        raise UsageError(f"{count} is negative", where="-n", fix="give 0 or more")
    dataset = read_data(data, reading)
    if model.model is None:
        panels = conversation_panels(dataset, count)
    else:
        from spanset.models.language_model import LanguageModel

        renderer = LanguageModel.load(model.model, model).renderer
        panels = rendered_panels(dataset, renderer, count, model.pair)
    left_out = (
        Text(printable(f"left out: {row.source}:{row.line}: {row.reason}"))
        for row in dataset.bad[:count]
    )
    return Group(input_table(dataset), unused_lines(dataset), panels, *left_out)
