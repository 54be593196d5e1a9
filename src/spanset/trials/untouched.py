"""A model that is judged stays as it was: what may be trained, and whether it trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Give a model (torch) back with the modes and the trainable parameters that it had."""
    modes = [(module, module.training) for module in model.modules()]
    trainable = [(one, one.requires_grad) for one in model.parameters()]
    try:
        yield
    finally:
        for module, is_training in modes:
            module.training = is_training
        for one, is_trainable in trainable:
            one.requires_grad_(is_trainable)
