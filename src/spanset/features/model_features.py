"""What all features have in common that passes of a language model make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar

import numpy.typing as npt

from spanset.base.stages import Watcher
from spanset.models.language_model import LanguageModel
from spanset.models.passes.pass_size import tokens_at_once
from spanset.stores.maker import Recipe


@dataclass(frozen=True)
class ModelPasses:
    """The part of a `Maker` that is the model's.

    Attributes
    ----------
    model : LanguageModel
        How rows go through it.
    """

    model: LanguageModel
    goes_back: ClassVar[bool] = False  # whether its passes do

    @property
    def watcher(self) -> Watcher:
        """Told of what is done."""
        return self.model.watcher

    @property
    def batch(self) -> tuple[str, int]:
        """Tokens of a pass."""
        return "tokens", tokens_at_once(self.model, backward=self.goes_back)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """None: the model is all."""
        return {}

    def recipe(self) -> Recipe:
        """By the model's name: it is found in the same place there."""
        return partial(self._again, self.model.recipe(), **self._beside())

    @classmethod
    def _again(cls, model: Callable[..., LanguageModel], *, watcher: Watcher, **beside: Any) -> Any:
        return cls(model(watcher=watcher), **beside)

    def _beside(self) -> dict[str, Any]:
        """What else they are made with."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in own.items() if name != "model"}

    def machine(self) -> dict[str, Any]:
        """Devices and software."""
        return self.model.machine()
