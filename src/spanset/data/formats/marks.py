"""Which turns of a conversation a model is not trained on.

A turn says so itself, in the words of the tool that its row was written for:

    weight, loss_weight: 0           OpenAI, mistral-finetune; LLaMA-Factory 1.0
    train, training, loss: false     axolotl; ms-swift (loss)
    masked: true                     Together

or a list beside the turns does: ``loss_mask: [0, 1, ...]`` (LLaMA-Factory). Such a turn is context.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from spanset.data.formats.texts import Row, RowError, kind_of, list_of

WEIGHTS = ("weight", "loss_weight")
TRAINED = {"train": True, "training": True, "loss": True, "masked": False}  # what they mean if true
LIST = "loss_mask"

MARKS = (*WEIGHTS, *TRAINED)


def mark_of(message: Mapping[str, Any], place: str) -> str:
    """The mark by which a message is not trained on, as ``weight: 0``; else nothing."""
    for name in MARKS:
        value = message.get(name)
        if value is None:
            continue
        if name in WEIGHTS:
            if _weight(value, f"{place}.{name}") == 0:
                return f"{name}: 0"
        elif name == "loss" and isinstance(value, float):
            continue  # a loss that somebody measured
        elif _flag(value, f"{place}.{name}") != TRAINED[name]:
            return f"{name}: {'false' if TRAINED[name] else 'true'}"
    return ""


def mask_of(row: Row, turns: int) -> list[bool] | None:
    """Whether each turn of the row's list of messages is trained on, by the list beside it.

    Raises
    ------
    RowError
        A list of another length, or of other values.
    """
    if row.get(LIST) is None:
        return None
    values = list_of(row[LIST], f"field {LIST!r}")
    if len(values) != turns:
        raise RowError(
            f"field {LIST!r} has {len(values)} values for {turns} turns", "give one for every turn"
        )
    return [_flag(value, f"{LIST}[{number}]") for number, value in enumerate(values)]


def _weight(value: Any, place: str) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value < math.inf:
        return value
    is_finite = is_number and -math.inf < value < math.inf
    shown = value if is_finite else kind_of(value)
    raise RowError(f"{place} is {shown}, expected a number of 0 or more")


def _flag(value: Any, place: str) -> bool:
    if value in (0, 1):  # true and false among them
        return bool(value)
    raise RowError(f"{place} is {kind_of(value)}, expected true or false, or 1 or 0")
