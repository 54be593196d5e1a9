"""What all features have in common that passes of a language model make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from spanset.base.stages import Watcher
from spanset.models.language_model import LanguageModel


@dataclass(frozen=True)
class ModelPasses:
    """The part of a `Maker` that is the model's.

    Attributes
    ----------
    model : LanguageModel
        How rows go through it.
    """

    model: LanguageModel

    @property
    def watcher(self) -> Watcher:
        """Told of what is done."""
        return self.model.watcher

    @property
    def batch(self) -> tuple[str, int]:
        """Tokens of a pass."""
        return self.model.batch

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """None: the model is all."""
        return {}

    def machine(self) -> dict[str, Any]:
        """Devices and software."""
        return self.model.machine()
