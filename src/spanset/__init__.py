"""spanset: measure how diverse an instruction-tuning data set is, and pick what spans it.

The verbs, in the order of use: `read` rows, `represent` them, `measure` how diverse they are,
`score` them, `select`, and `trial`: does it train a better model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spanset.base.version import __version__

if TYPE_CHECKING:
    from spanset.base.errors import (
        DataError,
        MissingExtraError,
        OutputError,
        SpansetError,
        UsageError,
    )
    from spanset.commands.verbs.measuring import measure
    from spanset.commands.verbs.representing import represent
    from spanset.commands.verbs.selecting import select
    from spanset.commands.verbs.trying import trial
    from spanset.config.model_settings import ModelConfig
    from spanset.data.conversation import Conversation, Turn
    from spanset.data.dataset import Dataset
    from spanset.data.reader import read
    from spanset.diversity.measurement import Measurement
    from spanset.greedy.selection import Selection, StopReason
    from spanset.quality.scores import score


__all__ = [
    "Conversation",
    "DataError",
    "Dataset",
    "Measurement",
    "MissingExtraError",
    "ModelConfig",
    "OutputError",
    "Selection",
    "SpansetError",
    "StopReason",
    "Turn",
    "UsageError",
    "__version__",
    "measure",
    "read",
    "represent",
    "score",
    "select",
    "trial",
]

# The module that each public name lives in, loaded on first use, so that `spanset --help` need not
# wait for numpy and its friends.
_HOMES = {
    "Conversation": "data.conversation",
    "DataError": "base.errors",
    "Dataset": "data.dataset",
    "Measurement": "diversity.measurement",
    "MissingExtraError": "base.errors",
    "ModelConfig": "config.model_settings",
    "OutputError": "base.errors",
    "Selection": "greedy.selection",
    "SpansetError": "base.errors",
    "StopReason": "greedy.selection",
    "Turn": "data.conversation",
    "UsageError": "base.errors",
    "measure": "commands.verbs.measuring",
    "read": "data.reader",
    "represent": "commands.verbs.representing",
    "score": "quality.scores",
    "select": "commands.verbs.selecting",
    "trial": "commands.verbs.trying",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"spanset.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'spanset' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
