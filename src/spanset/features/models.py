"""Models and tokenizers in Hugging Face form: found, checked, loaded; nothing they bring is run.

Weights are read from safetensors files only (pickles can run code), code that a repository brings
is refused, and a checkpoint that lacks weights or holds some that are not finite is an error rather
than a model with random or broken parts.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

from spanset.errors import DataError, UsageError
from spanset.extras import require
from spanset.features.rendering import Renderer, make_renderer

DEFAULT_LENGTH = 2048  # tokens a row, where neither --max-length nor the model says less
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class ModelFiles:
    """A model that exists: its name, revision, configuration and what identifies its weights."""

    name: str
    revision: str | None
    config: Any
    digest: str

    @property
    def context(self) -> int | None:
        """Tokens that the model can attend to, where its configuration tells."""
        text = self.config.get_text_config()
        return getattr(text, "max_position_embeddings", None)


def find_model(name: str, revision: str | None = None) -> ModelFiles:
    """Look at a model's configuration without loading its weights.

    Raises
    ------
    UsageError
        No such model, or one of a kind that has no gradients of this sort.
    """
    transformers = require("transformers", extra="models")
    folder = Path(name).expanduser()
    if not folder.is_dir() and (folder.is_absolute() or name.startswith((".", "~"))):
        raise UsageError(
            "the model's folder does not exist",
            where=f"--model {name}",
            fix="give a folder that holds config.json, or the name of a model on the hub",
        )
    if folder.is_dir():
        _check_folder(folder, name)
        name = str(folder)
    try:
        with quiet():
            config = transformers.AutoConfig.from_pretrained(
                name, revision=revision, trust_remote_code=False
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _cannot_load("model", name, error) from error
    if config.is_encoder_decoder:
        raise UsageError(
            "the model is an encoder with a decoder",
            where=f"--model {name}",
            fix="use a causal (decoder-only) language model",
        )
    if folder.is_dir():
        return ModelFiles(name, revision, config, f"sha256:{_digest(folder)}")
    commit = getattr(config, "_commit_hash", None)
    digest = f"commit:{commit}" if commit else f"name:{name}@{revision or 'main'}"
    return ModelFiles(name, revision, config, digest)


def load_renderer(
    model: ModelFiles,
    *,
    supervise: str = "all",
    max_length: int | None = None,
    chat_template: str | None = None,
) -> Renderer:
    """The model's tokenizer and chat template, ready to render.

    Parameters
    ----------
    max_length : int, optional
        Tokens a row; by default 2,048, or what the model can attend to if that is less.
    chat_template : str, optional
        File with a Jinja template to use instead of the tokenizer's.
    """
    transformers = require("transformers", extra="models")
    context = model.context
    if max_length is None:
        max_length = min(DEFAULT_LENGTH, context or DEFAULT_LENGTH)
    if max_length < 2:
        raise UsageError(f"{max_length} is too short", where="--max-length", fix="give 2 or more")
    if context is not None and max_length > context:
        raise UsageError(
            f"{max_length:,} tokens are more than the model's context of {context:,}",
            where="--max-length",
            fix=f"give {context} or less",
        )
    source = None if chat_template is None else _read_template(chat_template)
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                model.name, revision=model.revision, trust_remote_code=False
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise UsageError(
            "the model's tokenizer cannot be loaded",
            where=f"--model {model.name}",
            why=first_line(error),
            fix="save it beside the model: tokenizer.save_pretrained(FOLDER)",
        ) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # an empty one is made up for a missing
        raise UsageError(
            "the model has no tokenizer",
            where=f"--model {model.name}",
            why="no tokenizer.json is there",
            fix="save it beside the model: tokenizer.save_pretrained(FOLDER)",
        )
    return make_renderer(
        tokenizer,
        max_length=max_length,
        supervise=supervise,
        chat_template=source,
        name=model.name,
    )


def tokenizer_digest(renderer: Renderer) -> str:
    """What identifies the tokenizer and the template that rows are rendered with."""
    digest = hashlib.sha256(renderer.tokenizer.backend_tokenizer.to_str().encode())
    digest.update(renderer.template.encode())
    special = renderer.tokenizer.special_tokens_map
    digest.update(json.dumps(special, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def model_device(device: str) -> str:
    """Name of the device that a model runs on: ``auto`` is CUDA where there is one."""
    torch = require("torch", extra="models")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        return device
    from spanset.devices import resolve_device

    return str(resolve_device(device))


def model_dtype(dtype: str, device: str) -> str:
    """Name of the number type to run in: ``auto`` is float32 on the host, else bfloat16."""
    torch = require("torch", extra="models")
    if dtype != "auto":
        return dtype
    if not device.startswith("cuda"):
        return "float32"
    return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"


def skeleton(model: ModelFiles) -> Any:
    """The model without weights: its modules and their shapes."""
    torch, transformers = require("torch", extra="models"), require("transformers", extra="models")
    with quiet(), torch.device("meta"):
        return transformers.AutoModelForCausalLM.from_config(model.config, trust_remote_code=False)


def load_model(model: ModelFiles, *, device: str, dtype: str) -> Any:
    """The causal language model, on its device, with all weights there and finite.

    Raises
    ------
    UsageError
        Files that cannot be loaded.
    DataError
        Weights that are missing or not finite.
    """
    torch, transformers = require("torch", extra="models"), require("transformers", extra="models")
    broken = require("safetensors", extra="models").SafetensorError
    try:
        with quiet():
            loaded, info = transformers.AutoModelForCausalLM.from_pretrained(
                model.name,
                revision=model.revision,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=getattr(torch, dtype),
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, broken) as error:
        raise _cannot_load("model", model.name, error) from error
    missing = sorted(info["missing_keys"]) + sorted(key[0] for key in info["mismatched_keys"])
    if missing:
        raise DataError(
            f"the checkpoint lacks {len(missing)} weights",
            where=f"--model {model.name}",
            why=f"{missing[0]} is not there, or of another shape: it would be random",
            fix="use a complete checkpoint of a causal language model",
        )
    for name, weight in loaded.named_parameters():
        if not torch.isfinite(weight).all():
            raise DataError(
                "a weight of the model is not finite",
                where=f"--model {model.name}",
                why=f"{name} holds NaN or infinity"
                + (" (in float16, perhaps only there)" if dtype == "float16" else ""),
                fix="use an earlier checkpoint"
                + (", or --model-dtype float32" if dtype == "float16" else ""),
            )
    return loaded.to(device)


def _check_folder(folder: Path, name: str) -> None:
    if (folder / "adapter_config.json").is_file():
        raise UsageError(
            "the folder holds a PEFT adapter, not a model",
            where=f"--model {name}",
            fix="merge it into its base model (merge_and_unload) and save that",
        )
    if not (folder / "config.json").is_file():
        raise UsageError(
            "the folder holds no model",
            where=f"--model {name}",
            why="config.json is not there",
            fix="give the folder that save_pretrained wrote",
        )


def _digest(folder: Path) -> str:
    """Digest of configuration and weights, by content."""
    digest = hashlib.sha256()
    for path in sorted([folder / "config.json", *folder.glob("*.safetensors")]):
        try:
            with path.open("rb") as file:
                digest.update(f"{path.name}:{os.fstat(file.fileno()).st_size}:".encode())
                while piece := file.read(1 << 22):
                    digest.update(piece)
        except OSError as error:
            raise _cannot_load("model", str(path), error) from error
    return digest.hexdigest()


def _read_template(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the chat template cannot be read",
            where=f"--chat-template {path}",
            why=first_line(error),
            fix="give a file with a Jinja template in UTF-8",
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and no advice from the libraries on standard error."""
    logging = require("transformers", extra="models").utils.logging
    hub = getLogger("huggingface_hub")  # which tells of every try of a name that is not there
    level = hub.level
    hub.setLevel(ERROR)
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        hub.setLevel(level)
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _cannot_load(what: str, name: str, error: Exception) -> UsageError:
    return UsageError(
        f"the {what} cannot be loaded",
        where=f"--model {name}",
        why=first_line(error),
        fix="give a folder with config.json and safetensors files, or the name of a model on the "
        "hub (with network access)",
    )


def first_line(error: Exception) -> str:
    """What an error of another library says, in a line."""
    return str(error).strip().partition("\n")[0]
