"""A causal language model with its settings: how rows go through it, whatever is taken of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from spanset.base.findable import findable
from spanset.base.memory import available_bytes
from spanset.base.software import machine
from spanset.base.speed import products_per_second
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.models.loading import load_model
from spanset.models.model_files import (
    ModelFiles,
    find_model,
    load_renderer,
    model_device,
    model_dtype,
    skeleton,
    tokenizer_digest,
)
from spanset.models.placing import cards, check_placing, on_card, refuse_too_large
from spanset.models.pooling import check_pooling
from spanset.models.quantised import BITSANDBYTES, NONE, check_quantize, method_of
from spanset.models.rendering.kept_tokens import KeptTokens
from spanset.models.rendering.looked_rows import SHARED_ROWS, looked_in_processes, processes
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.token_survey import Look, survey
from spanset.models.rendering.training_templates import TRAINING
from spanset.stores.survey import Survey

EFFICIENCY = 0.4  # of a pass beside a large product: attention, norms, the sketch
KEPT_SHARE = 1 / 16  # of memory, that tokens may take between the look at rows and the passes
# Tokens of a pass, where --batch-tokens does not say and nobody looks at a card's memory.
BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}


def usual_batch_tokens(config: ModelConfig) -> int:
    """Tokens of a pass, as settings say; else what most models and cards have room for."""
    if config.batch_tokens is not None:
        return config.batch_tokens
    return BATCH_TOKENS[model_device(config.device).partition(":")[0]]


@dataclass(frozen=True)
class LanguageModel:
    """A model that rows are read by.

    Attributes
    ----------
    files, renderer
        The model, and how rows are rendered for it.
    config : ModelConfig
        Settings.
    on_bad_row : {"stop", "skip"}
        At a row that the chat template refuses.
    """

    files: ModelFiles
    renderer: Renderer
    config: ModelConfig
    on_bad_row: str = "stop"
    watcher: Watcher = field(default=SILENT, repr=False)
    # What takes time to get is got once, for the same model with other settings too.
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(
        cls,
        name: str,
        config: ModelConfig,
        *,
        on_bad_row: str = "stop",
        watcher: Watcher = SILENT,
    ) -> LanguageModel:
        """Find the model and its tokenizer; weights are loaded when they are needed."""
        check_placing(config)
        check_pooling(config.pooling)
        files = find_model(name, config.revision)
        check_quantize(files.config, name, config.quantize)
        renderer = load_renderer(
            files,
            supervise=config.supervise,
            max_length=config.max_length,
            mask_reasoning=config.mask_reasoning,
            chat_template=config.chat_template,
        )
        return cls(files, renderer, config, on_bad_row, watcher)

    def recipe(self) -> Callable[..., LanguageModel]:
        """What gives the same in another process: called with the `watcher` to be told."""
        config, template = self.config, self.config.chat_template
        # An actor has one card, whatever its number is on the machine.
        config = replace(config, device=self.device.partition(":")[0])
        if template not in (None, TRAINING):
            config = replace(config, chat_template=findable(template))
        name = findable(self.files.name)
        return partial(LanguageModel.load, name, config, on_bad_row=self.on_bad_row)

    def one_sided(self) -> LanguageModel:
        """The same with one sequence a row: of a pair the chosen side, or the rejected."""
        if self.config.pair != "difference":
            return self
        return replace(self, config=replace(self.config, pair="chosen"))

    def settings(self) -> dict[str, Any]:
        """All that a pass depends on."""
        return {
            "model": {
                "name": self.files.name,
                "revision": self.files.revision,
                "digest": self.files.digest,
            },
            "model_dtype": self.dtype,
            **({} if self.config.quantize == NONE else {"quantize": self.config.quantize}),
            "tokenizer": self._tokenizer_digest,
            "supervise": self.config.supervise,
            **({"mask_reasoning": True} if self.config.mask_reasoning else {}),
            "max_length": self.renderer.max_length,
            "pair": self.config.pair,
        }

    @property
    def device(self) -> str:
        """Where it runs."""
        return model_device(self.config.device)

    @property
    def dtype(self) -> str:
        """Number type that it runs in."""
        return model_dtype(self.config.model_dtype, self.device)

    @property
    def skeleton(self) -> Any:
        """The model without weights."""
        return self.once("skeleton", lambda: skeleton(self.files))

    @property
    def weight_count(self) -> int:
        """Numbers that it is made of."""
        return sum(one.numel() for one in self.skeleton.parameters())

    @property
    def width(self) -> int:
        """Numbers in a hidden state."""
        return int(self.skeleton.get_output_embeddings().weight.shape[1])

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are on their device already."""
        return "model" in self.memo

    @property
    def loaded(self) -> Any:
        """The model on its device or devices."""
        return self.once("model", self._load)

    def survey(self, data: Dataset, *, keeps: bool = True) -> Survey:
        """Render every distinct row once, and keep the tokens for passes over the same data."""
        kept = KeptTokens(data, KEPT_SHARE * available_bytes() if keeps else 0.0)
        self.memo[self._tokens] = kept
        is_shared = len(data) >= SHARED_ROWS and processes() > 1
        return survey(
            data,
            self.renderer,
            pair=self.config.pair,
            on_bad_row=self.on_bad_row,
            look=self._look_in_processes() if is_shared else None,
            kept=kept,
            on_note=self.watcher.note,
        )

    def kept_tokens(self, data: Dataset) -> KeptTokens:
        """What the last look at these rows left, if it was the last one."""
        kept = self.memo.pop(self._tokens, None)
        return kept if kept is not None and kept.data is data else KeptTokens(data, room=0)

    def seconds(self, seen: Survey, *, backward: bool) -> float:
        """Of a pass, from the model's size and the speed of matrix products.

        A weight takes two operations a token forward and two backward, where no gradient of weights
        is formed; the output layer, those of supervised tokens only.
        """
        model = self.skeleton
        embedding = model.get_input_embeddings().weight
        weights = self.weight_count - embedding.numel()
        head = model.get_output_embeddings().weight
        body = weights - (0 if head is embedding else head.numel())
        cost = seen.cost
        products = body * (cost.tokens or 0) + head.numel() * (cost.supervised or 0)
        products *= 4 if backward else 2
        return products / (EFFICIENCY * products_per_second(self.dtype, self.device))

    def machine(self) -> dict[str, Any]:
        """Device or devices, and software."""
        packages = []
        if self.files.adapter is not None:
            packages.append("peft")
        if self.config.quantize != NONE or method_of(self.files.config) == BITSANDBYTES:
            packages.append(BITSANDBYTES)
        made = machine(self.device, *packages)
        if self.config.device_map is None:
            return made
        return {**made, "device_map": self.config.device_map, "cards": cards()}

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What takes time to get, got the first time."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def _load(self) -> Any:
        is_whole = self.config.quantize == NONE and method_of(self.files.config) is None
        if self.device == "cpu" and is_whole:
            refuse_too_large(self.weight_count, self.dtype)
        with on_card(self.device):
            return load_model(
                self.files,
                device=self.device,
                dtype=self.dtype,
                quantize=self.config.quantize,
                device_map=self.config.device_map,
            )

    def _look_in_processes(self) -> Look:
        """Rendering on all processors."""
        settings = {
            "supervise": self.renderer.supervise,
            "max_length": self.renderer.max_length,
            "mask_reasoning": self.renderer.mask_reasoning,
        }
        load = partial(
            load_renderer, self.files, **settings, chat_template=self.config.chat_template
        )
        key = f"{self._tokenizer_digest} {settings}"
        return partial(looked_in_processes, load=load, key=key, pair=self.config.pair)

    @property
    def _tokenizer_digest(self) -> str:
        return self.once("tokenizer", lambda: tokenizer_digest(self.renderer))

    @property
    def _tokens(self) -> str:
        """What the memo calls the tokens of rows, whose sides `pair` decides."""
        return f"tokens, {self.config.pair}"
