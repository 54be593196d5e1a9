"""Models and tokenizers in Hugging Face form: found and checked; nothing they bring is run.

    a folder          config.json and safetensors files
    a name            of a repository on the hub, at a revision
    an adapter        either of these with adapter_config.json: its base model is found as well

Weights are read from safetensors files only (pickles can run code), and code that a repository
brings is refused. Nothing is loaded here but configurations and tokenizers (loading.py: weights).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.models import adapters
from spanset.models.adapters import Adapter
from spanset.models.libraries import FAILURES, cannot_load, first_line, quiet, repository_folder
from spanset.models.quantised import require_known_method
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.training_templates import TRAINING
from spanset.models.rendering.tried_renderer import make_renderer

DEFAULT_LENGTH = 2048  # tokens a row, where neither --max-length nor the model says less
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class ModelFiles:
    """A model that exists.

    Attributes
    ----------
    name, revision
        Of the folder or the repository that was named.
    config
        The model's configuration; the base model's, where it is an adapter.
    digest : str
        What identifies its weights.
    adapter : Adapter, optional
        The change that is made to a base model, where an adapter was named.
    commit : str, optional
        Of the repository, where it was found: what is loaded later is of this one.
    """

    name: str
    revision: str | None
    config: Any
    digest: str
    adapter: Adapter | None = None
    commit: str | None = None

    @property
    def context(self) -> int | None:
        """Tokens that the model can attend to, where its configuration tells."""
        text = self.config.get_text_config()
        return getattr(text, "max_position_embeddings", None)

    @property
    def weights(self) -> tuple[str, str | None]:
        """Folder or name, and revision, of the model whose weights are loaded."""
        if self.adapter is None:
            return self.name, self.commit or self.revision
        return self.adapter.base, self.adapter.base_revision

    @property
    def tokenizer(self) -> tuple[str, str | None]:
        """Folder or name, and revision, of the tokenizer: an adapter's own, if it has one."""
        if self.adapter is not None and self.adapter.has_tokenizer:
            return str(self.adapter.folder), None
        return self.weights


def find_model(name: str, revision: str | None = None) -> ModelFiles:
    """Look at a model's configuration without loading its weights.

    Raises
    ------
    UsageError
        No such model, or one of a kind that has no gradients of this sort.
    """
    return _find(name, revision, base_of=None)


def _find(name: str, revision: str | None, *, base_of: str | None) -> ModelFiles:
    """A model; `base_of` names the adapter whose base it is, if any."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if (folder / adapters.CONFIG).is_file():
            adapters.refuse_both(folder, name)
            return _adapted(folder, str(folder), revision, base_of)
        if not (folder / "config.json").is_file():
            raise UsageError(
                "the folder holds no model",
                where=f"--model {name}",
                why="config.json is not there",
                fix="give the folder that save_pretrained wrote",
            )
        config = _config(str(folder), revision)
        return ModelFiles(str(folder), revision, config, f"sha256:{_digest(folder)}")
    if folder.is_absolute() or name.startswith((".", "~")):
        raise UsageError(
            "the model's folder does not exist",
            where=f"--model {name}",
            fix="give a folder that holds config.json, or the name of a model on the hub",
        )
    return _on_hub(name, revision, base_of)


def _on_hub(name: str, revision: str | None, base_of: str | None) -> ModelFiles:
    """A model or an adapter in a repository."""
    try:
        config = _config(name, revision)
    except UsageError:
        found = adapters.fetched_adapter(name, revision)  # which has no configuration of a model
        if found is None:
            raise
        return _adapted(found, name, revision, base_of)
    folder = repository_folder(name, revision)
    commit = folder.name if folder and folder.parent.name == "snapshots" else None
    found = adapters.fetched_adapter(name, commit or revision)  # some bring the base's, too
    if found is not None:
        return _adapted(found, name, revision, base_of)
    digest = f"commit:{commit}" if commit else f"name:{name}@{revision or 'main'}"
    return ModelFiles(name, revision, config, digest, commit=commit)


def _config(name: str, revision: str | None) -> Any:
    """A model's configuration, of a kind that has gradients of this sort."""
    transformers = require("transformers", extra="models")
    try:
        with quiet():
            config = transformers.AutoConfig.from_pretrained(
                name, revision=revision, trust_remote_code=False
            )
    except FAILURES as error:
        raise cannot_load("model", name, error) from error
    if config.is_encoder_decoder:
        raise UsageError(
            "the model is an encoder with a decoder",
            where=f"--model {name}",
            fix="use a causal (decoder-only) language model",
        )
    require_known_method(config, name)
    return config


def _adapted(folder: Path, name: str, revision: str | None, base_of: str | None) -> ModelFiles:
    """An adapter and the base model that it names."""
    if base_of is not None:
        raise UsageError(
            "the adapter's base model is an adapter itself",
            where=f"--model {base_of}",
            why=f"{name} holds {adapters.CONFIG}",
            fix="merge that one into its base model, save it, and name its folder as "
            f"base_model_name_or_path in {adapters.CONFIG}",
        )
    adapter = adapters.read_adapter(folder, name)
    try:
        base = _find(adapter.base, adapter.base_revision, base_of=name)
    except UsageError as error:
        if error.where == f"--model {name}":
            raise  # it is said of the adapter already
        raise UsageError(
            "the adapter's base model cannot be loaded",
            where=f"--model {name}",
            why=f"{adapter.base}: {error.what}" + (f" ({error.why})" if error.why else ""),
            fix=f"name the model's folder as base_model_name_or_path in {adapters.CONFIG}",
        ) from error
    adapter = replace(adapter, base_revision=base.commit or base.revision)
    return ModelFiles(name, revision, base.config, f"sha256:{adapter.digest(base.digest)}", adapter)


def load_renderer(
    model: ModelFiles,
    *,
    supervise: str = "all",
    max_length: int | None = None,
    mask_reasoning: bool = False,
    chat_template: str | None = None,
) -> Renderer:
    """The model's tokenizer and chat template, ready to render.

    Parameters
    ----------
    max_length : int, optional
        Tokens a row; by default 2,048, or what the model can attend to if that is less.
    chat_template : str, optional
        File with a Jinja template to use instead of the tokenizer's; or ``training``.
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
    source = chat_template
    if source is not None and source != TRAINING:
        source = _read_template(source)
    name, revision = model.tokenizer
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                name, revision=revision, trust_remote_code=False
            )
    except FAILURES as error:
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
        mask_reasoning=mask_reasoning,
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
    from spanset.base.devices import resolve_device

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
            raise cannot_load("model", str(path), error) from error
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
