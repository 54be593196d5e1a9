"""Where a model lies: one device, or its layers over all cards (`--device-map`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spanset.base.errors import SpansetError, UsageError
from spanset.base.extras import require
from spanset.base.memory import available_bytes
from spanset.config.amounts import size_of
from spanset.config.model_settings import ModelConfig
from spanset.models.libraries import first_line

_SMALLER = "use --model-dtype bfloat16, a smaller model, or a machine with more of it"


def check_model(config: ModelConfig) -> None:
    """Refuse settings of a model that cannot be, before it is looked for."""
    check_placing(config)
    if config.batch_tokens is not None and config.batch_tokens < 1:
        raise UsageError("no tokens", where="--batch-tokens", fix="give 1 or more")


def check_placing(config: ModelConfig) -> None:
    """Refuse devices that are not there, or contradict each other.

    Raises
    ------
    UsageError
        No such device, or one device and all of them.
    MissingExtraError
        Without accelerate, where layers are spread.
    """
    if config.device_map is None:
        if config.device not in ("auto", "cpu"):
            from spanset.base.devices import resolve_device

            resolve_device(config.device)
        return
    flag = f"--device-map {config.device_map}"
    if config.device not in ("auto", "cuda"):
        raise UsageError(
            f"layers over all cards and --device {config.device} contradict each other",
            where=flag,
            fix="drop one of them; CUDA_VISIBLE_DEVICES says which cards count",
        )
    require("accelerate", extra="train")
    from spanset.base.devices import resolve_device

    try:
        resolve_device("cuda")
    except UsageError as error:
        raise UsageError(
            "there are no cards to spread the layers over",
            where=flag,
            why=error.why,
            fix="leave it out: the model then runs on the processor",
        ) from error


def refuse_too_large(weights: int, dtype: str) -> None:
    """Refuse a model that the machine's memory does not hold, before the system ends the process.

    Parameters
    ----------
    weights : int
        Numbers that it is made of, each of this type.
    """
    torch = require("torch", extra="models")
    needed, free = weights * getattr(torch, dtype).itemsize, available_bytes()
    if needed > free:
        raise SpansetError(
            f"the model takes {size_of(needed)} of memory in {dtype}, {size_of(free)} are free",
            where="--model",
            fix=_SMALLER,
        )


@contextmanager
def on_card(device: str) -> Iterator[None]:
    """Say in our words that a model does not fit onto its card."""
    torch = require("torch", extra="models")
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise SpansetError(
            f"the model does not fit onto {device}",
            where="--model",
            why=first_line(error),
            fix=f"{_SMALLER}; with several cards, --device-map auto",
        ) from error


def refuse_offloading(model: Any, device_map: str | None) -> None:
    """Refuse a model of which a part lies beside the cards.

    Its weights would be copied to a card for the pass forward and be kept there for the one back:
    slower, and nothing saved.
    """
    places = {name: str(place) for name, place in getattr(model, "hf_device_map", {}).items()}
    beside = [name for name, place in places.items() if place in ("cpu", "disk")]
    if device_map is None or not beside or len(beside) == len(places):
        return
    raise SpansetError(
        "the model does not fit onto the cards",
        where=f"--device-map {device_map}",
        why=f"{len(beside)} of its {len(places)} parts would lie beside them, from {beside[0]} on",
        fix="use --quantize 4bit, --model-dtype bfloat16, more cards, or a smaller model",
    )


def cards() -> list[str]:
    """Names of all cards that layers are spread over."""
    torch = require("torch", extra="models")
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
