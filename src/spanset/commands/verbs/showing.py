"""The verb `show`: rows beside what they are understood as, or beside what a model reads."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from rich.console import Console

from spanset.base.errors import UsageError
from spanset.commands.show import rows_shown
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.report.notebook.shown_rows_view import shown_rows_html

if TYPE_CHECKING:
    from spanset.models.rendering.renderer import Renderer


@dataclass(frozen=True, eq=False, repr=False)
class ShownRows:
    """The first rows of a data set, to be looked at: as text, or in a notebook as a table.

    Attributes
    ----------
    data : Dataset
        All rows.
    count : int
        Of the first that are shown.
    renderer : Renderer or None
        Of the model that is to read them.
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair.
    """

    data: Dataset
    count: int
    renderer: Renderer | None
    pair: str

    def __repr__(self) -> str:
        """What `spanset show` prints, as wide as the terminal."""
        width, out = get_terminal_size().columns, StringIO()
        console = Console(file=out, width=width, force_jupyter=False, color_system=None)
        console.print(rows_shown(self.data, self.count, self.renderer, self.pair))
        return out.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        return shown_rows_html(self.data, self.count, self.renderer, self.pair)


def show(data: Dataset, n: int = 3, *, model: ModelConfig | str | None = None) -> ShownRows:
    """How the first rows are understood, or with a model what it reads and learns to write.

    ``print(spanset.show(data))`` prints what the command does; a notebook shows a table.

    Parameters
    ----------
    data : Dataset
        What `read` gave.
    n : int
        Rows.
    model : ModelConfig or str, optional
        The model that is to read them, or its name.

    Raises
    ------
    UsageError
        A negative number of rows.
    SpansetError
        A model that cannot be used; a file that was changed since it was read.
    """
    require_dataset(data)
    if n < 0:
        raise UsageError(f"{n} is negative", where="n", fix="give 0 or more")
    for source in data.sources:
        source.check_unchanged()
    if model is None:
        return ShownRows(data, n, None, "difference")
    from spanset.models.language_model import LanguageModel

    config = ModelConfig(model=model) if isinstance(model, str) else model
    if config.model is None:
        raise UsageError("no model is named", where="model", fix="give its folder or name")
    return ShownRows(data, n, LanguageModel.load(config.model, config).renderer, config.pair)
