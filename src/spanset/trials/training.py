"""Tuning a model on some rows, as trl's SFTTrainer does; the same settings for every choice.

Rows come as tokens with a mask, rendered once for features, scores and training alike, so that what
is trained on is what was selected by. The loss is the trainer's: the mean over the supervised
tokens of a batch. A batch goes through the model in parts of few rows, which costs less padding and
changes nothing but rounding.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from spanset.base.extras import require
from spanset.models.libraries import quiet
from spanset.models.passes.checkpointed import checkpointed
from spanset.models.rendering.renderer import Rendered
from spanset.trials.own_chance import own_chance

Schedule = Literal["cosine", "linear", "constant"]
IGNORED = -100  # a label that does not count, for torch
AT_ONCE = {"cpu": 2, "cuda": 8}  # rows of a batch that go through the model at once
ALPHA = 2  # times the rank, of an adapter: its weights count twice


@dataclass(frozen=True)
class Training:
    """How a model is tuned.

    Attributes
    ----------
    epochs : float
        Passes over the rows.
    steps : int or None
        Steps instead.
    learning_rate : float
        At its highest.
    batch_size : int
        Rows of a step.
    schedule : {"cosine", "linear", "constant"}
        Of the learning rate, after the warm-up.
    warmup : float
        Share of the steps.
    lora : int or None
        Rank of the adapter that is tuned, beside every linear layer; None: all weights.
    """

    epochs: float
    steps: int | None
    learning_rate: float
    batch_size: int
    schedule: Schedule
    warmup: float
    lora: int | None

    def steps_of(self, rows: int) -> int:
        """Steps for so many rows."""
        a_pass = -(-rows // self.batch_size)
        return int(np.ceil(self.epochs * a_pass)) if self.steps is None else self.steps

    def passes_of(self, rows: int) -> float:
        """How often a row is seen."""
        return self.steps_of(rows) * min(self.batch_size, rows) / rows


def tuned(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Rendered],
    training: Training,
    *,
    seed: int,
    checkpointing: bool = False,
) -> Any:
    """A copy of a causal language model (torch), tuned on these rows.

    Parameters
    ----------
    model
        Where it lies it is tuned: on the processor in its own numbers, on a card in bfloat16 with
        float32 weights where it is given in those.
    tokenizer
        For a token to pad with.
    rows : sequence of Rendered
        Each with a supervised token.
    seed : int
        Of the order of rows, and of an adapter's first weights.
    checkpointing : bool
        Compute states again on the way back instead of keeping them.
    """
    trl = require("trl", extra="train")
    own = copy.deepcopy(model)
    with quiet(), own_chance(seed), _unadvised(), _on(own), TemporaryDirectory() as folder:
        settings = trl.SFTConfig(**_settings(own, len(rows), training, seed, folder))
        # Of several cards in sight the trainer would take all, and so many times the batch.
        settings._n_gpu = min(1, settings.n_gpu)
        if training.lora is not None:
            own = _with_adapter(own, training.lora)
        else:
            own.requires_grad_(True)
        trainer = trl.SFTTrainer(
            model=own,
            args=settings,
            train_dataset=_table(rows),
            processing_class=_padding(tokenizer),
        )
        trainer.remove_callback(require("transformers", extra="models").PrinterCallback)
        with checkpointed(own) if checkpointing else nullcontext():
            trainer.train()
        own = trainer.accelerator.unwrap_model(trainer.model)
    return own if training.lora is None else own.merge_and_unload()


def _settings(model: Any, rows: int, training: Training, seed: int, folder: str) -> dict[str, Any]:
    """What SFTConfig takes: all that may differ by version, machine or environment is said."""
    device = next(model.parameters()).device.type
    part = max(n for n in range(1, AT_ONCE[device] + 1) if training.batch_size % n == 0)
    steps = training.steps_of(rows)
    return {
        "output_dir": folder,
        "max_steps": steps,
        "per_device_train_batch_size": part,
        "gradient_accumulation_steps": training.batch_size // part,
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.schedule + "_with_warmup" * (training.schedule == "constant"),
        "warmup_steps": int(np.ceil(training.warmup * steps)),
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "seed": seed,
        "data_seed": seed,
        "bf16": device == "cuda",
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": False,
        "gradient_checkpointing": False,
        "max_length": None,  # rows are cut already
        "packing": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "remove_unused_columns": False,
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _table(rows: Sequence[Rendered]) -> Any:
    """Rows as the trainer takes them: tokens, and labels where they count."""
    datasets = require("datasets", extra="train")
    labels = [np.where(row.supervised, row.ids, IGNORED).tolist() for row in rows]
    return datasets.Dataset.from_dict(
        {"input_ids": [row.ids.tolist() for row in rows], "labels": labels}
    )


def _padding(tokenizer: Any) -> Any:
    """A tokenizer that has a token to pad with: which one does not matter, it is masked."""
    own = copy.deepcopy(tokenizer)
    if own.pad_token is None:
        own.pad_token = own.eos_token or own.convert_ids_to_tokens(0)
    return own


def _with_adapter(model: Any, rank: int) -> Any:
    peft = require("peft", extra="train")
    settings = peft.LoraConfig(
        r=rank, lora_alpha=ALPHA * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return peft.get_peft_model(model, settings)


@contextmanager
def _on(model: Any) -> Iterator[None]:
    """The model's card is the one that the trainer takes."""
    torch = require("torch", extra="models")
    device = next(model.parameters()).device
    with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
        yield


@contextmanager
def _unadvised() -> Iterator[None]:
    """Without the libraries' advice to those who call them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
