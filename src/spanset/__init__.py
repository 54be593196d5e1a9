"""spanset: measure how diverse an instruction-tuning data set is, and pick what spans it.

The verbs, in the order of use: `read` rows, `show` them, `represent` them, `measure` how
diverse they are, `score` them, `select`, `compare` choices, and `trial`: does one train a better
model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanset.base.version import __version__
from spanset.base.views import views_told_by

if TYPE_CHECKING:
    from spanset.base.errors import (
        DataError,
        MissingExtraError,
        OutputError,
        SpansetError,
        UsageError,
    )
    from spanset.commands.terminal.progress_bar import progress_bar
    from spanset.commands.verbs.comparing import compare
    from spanset.commands.verbs.measuring import measure
    from spanset.commands.verbs.representing import RepresentedRows, represent
    from spanset.commands.verbs.selecting import select
    from spanset.commands.verbs.showing import ShownRows, show
    from spanset.commands.verbs.trying import trial
    from spanset.config.model_settings import ModelConfig
    from spanset.data.conversation import Conversation, Turn
    from spanset.data.dataset import Dataset
    from spanset.data.reader import read
    from spanset.diversity.measured_sets import MeasuredSets, Measurements
    from spanset.diversity.measurement import Measurement
    from spanset.greedy.selection import Selection, StopReason
    from spanset.quality.scores import score


__all__ = [
    "Conversation",
    "DataError",
    "Dataset",
    "MeasuredSets",
    "Measurement",
    "Measurements",
    "MissingExtraError",
    "ModelConfig",
    "OutputError",
    "RepresentedRows",
    "Selection",
    "ShownRows",
    "SpansetError",
    "StopReason",
    "Turn",
    "UsageError",
    "__version__",
    "compare",
    "measure",
    "progress_bar",
    "read",
    "represent",
    "score",
    "select",
    "show",
    "trial",
]

# The module that each public name lives in, loaded on first use, so that `spanset --help` need not
# wait for numpy and its friends.
_HOMES = {
    "Conversation": "data.conversation",
    "DataError": "base.errors",
    "Dataset": "data.dataset",
    "MeasuredSets": "diversity.measured_sets",
    "Measurement": "diversity.measurement",
    "Measurements": "diversity.measured_sets",
    "MissingExtraError": "base.errors",
    "ModelConfig": "config.model_settings",
    "OutputError": "base.errors",
    "RepresentedRows": "commands.verbs.representing",
    "Selection": "greedy.selection",
    "ShownRows": "commands.verbs.showing",
    "SpansetError": "base.errors",
    "StopReason": "greedy.selection",
    "Turn": "data.conversation",
    "UsageError": "base.errors",
    "compare": "commands.verbs.comparing",
    "measure": "commands.verbs.measuring",
    "progress_bar": "commands.terminal.progress_bar",
    "read": "data.reader",
    "represent": "commands.verbs.representing",
    "score": "quality.scores",
    "select": "commands.verbs.selecting",
    "show": "commands.verbs.showing",
    "trial": "commands.verbs.trying",
}


def _views() -> None:
    """How results look, which no room below `report` may import."""
    import spanset.report.notebook  # noqa: F401


views_told_by(_views)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"spanset.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'spanset' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
