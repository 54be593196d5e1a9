"""How rows go through a model: settings of all commands that use one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from cyclopts import Parameter

from spanset.config.groups import MODEL

Pooling = Literal["mean", "weighted", "last"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


@dataclass(frozen=True)
class ModelConfig:
    """How rows go through a language model, and what becomes of its gradients."""

    model: Annotated[str | None, Parameter(group=MODEL)] = None
    """The model to be tuned: a folder, or its name on the hub; of a model or a PEFT adapter. Rows
    are then compared by the gradients of its weights, unless --features says otherwise, and scored
    by it where --quality names such a score."""

    revision: Annotated[str | None, Parameter(group=MODEL)] = None
    """Revision on the hub."""

    text: Annotated[Literal["prompt", "answer", "all"], Parameter(group=MODEL)] = "prompt"
    """What a sentence model reads of a row."""

    supervise: Annotated[Literal["all", "last"], Parameter(group=MODEL)] = "all"
    """Assistant turns that count: all of them, or the last. As in training."""

    max_length: Annotated[int | None, Parameter(group=MODEL)] = None
    """Tokens of a row, the rest is cut; by default 2048, or the model's context. As in training."""

    chat_template: Annotated[str | None, Parameter(group=MODEL)] = None
    """File with a Jinja chat template to use instead of the tokenizer's; or training, for the one
    that TRL's SFTTrainer trains the model's family with (extra `train`)."""

    mask_reasoning: Annotated[bool, Parameter(group=MODEL, negative="")] = False
    """Leave the assistant's reasoning out of the tokens that count. As in training."""

    device: Annotated[str, Parameter(group=MODEL)] = "auto"
    """auto, cpu, cuda or cuda:1. The selection runs on a CUDA device named here, too."""

    model_dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"], Parameter(group=MODEL)
    ] = "auto"
    """Numbers that the model computes in: auto is float32 on the CPU, bfloat16 on CUDA."""

    quantize: Annotated[Literal["none", "8bit", "4bit"], Parameter(group=MODEL)] = "none"
    """Bits of the linear layers' weights (needs bitsandbytes): 4bit is NF4, as QLoRA trains on."""

    device_map: Annotated[
        Literal["auto", "balanced", "sequential"] | None, Parameter(group=MODEL)
    ] = None
    """Spread the layers of a model that is larger than one card over all of them (extra `train`):
    auto, balanced, or sequential, card after card."""

    batch_tokens: Annotated[int | None, Parameter(group=MODEL)] = None
    """Tokens of a batch, padding included; by default 2048 on the CPU, on CUDA a power of two that
    fits what is free, 65536 at most."""

    gradient_checkpointing: Annotated[bool, Parameter(group=MODEL, negative="")] = False
    """Less memory for about a third more time."""

    pair: Annotated[Literal["difference", "chosen", "rejected"], Parameter(group=MODEL)] = (
        "difference"
    )
    """Of a preference pair: the gradient of the difference that DPO learns, or of one side. Hidden
    states and scores are of the chosen side, or of the rejected."""

    hidden: Annotated[bool, Parameter(group=MODEL)] = True
    """Keep hidden states beside gradients, for hidden:MODEL without another pass; --no-hidden saves
    the disk space."""

    pooling: Annotated[Pooling, Parameter(group=MODEL)] = "mean"
    """What hidden states of a row become: their mean over its tokens; weighted: a mean in which a
    token counts as its position does, later ones more; last: the last token's alone."""

    targets: Annotated[Literal["attention", "all-linear"], Parameter(group=MODEL)] = "attention"
    """Layers whose gradients count."""

    sketch: Annotated[Literal["fold", "factored", "paper", "none"], Parameter(group=MODEL)] = "fold"
    """How gradients are reduced: fold; factored: faster, with larger errors; paper: as published,
    slower; none: not at all, for tiny models."""

    rank: Annotated[int, Parameter(group=MODEL)] = 64
    """Rank of the LoRA adapter whose gradient it is; more is more exact for short answers."""

    dimension: Annotated[int, Parameter(group=MODEL)] = 4096
    """Columns of the features, a multiple of the rank."""

    @property
    def selection_device(self) -> str:
        """Where a selection runs: on a CUDA device that is named, else on the host.

        ``auto`` stays on the host: that is exact to the last bit on every machine, without torch.
        """
        return self.device if self.device.startswith("cuda") else "cpu"
