"""spanset: measure how diverse an instruction-tuning data set is, and pick what spans it.

The verbs, in the order of use: `read` rows, `represent` them, `measure` how diverse they are,
`score` them, `select`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanset.config import ModelConfig
    from spanset.data import Conversation, Dataset, Turn, read
    from spanset.errors import (
        DataError,
        MissingExtraError,
        OutputError,
        SpansetError,
        UsageError,
    )
    from spanset.quality import score
    from spanset.results import Measurement, Selection, StopReason
    from spanset.verbs import measure, represent, select

__version__ = "0.1.0"

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
    "measure",
    "read",
    "represent",
    "score",
    "select",
]

# Where each public name lives. Loaded on first use, so that `spanset --help` need not wait for
# numpy and its friends.
_HOMES = {
    "spanset.config": ("ModelConfig",),
    "spanset.data": ("Conversation", "Dataset", "Turn", "read"),
    "spanset.errors": (
        "DataError",
        "MissingExtraError",
        "OutputError",
        "SpansetError",
        "UsageError",
    ),
    "spanset.quality": ("score",),
    "spanset.results": ("Measurement", "Selection", "StopReason"),
    "spanset.verbs": ("measure", "represent", "select"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'spanset' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
