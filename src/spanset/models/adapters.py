"""PEFT adapters: a folder with what training changed of a base model, found and checked.

    adapter_config.json         what kind of change, and of which model: read as plain JSON
    adapter_model.safetensors   the change; pickles (adapter_model.bin) are refused
    tokenizer.json ...          where training had a tokenizer or a template of its own

Anyone may have written the folder: what could run code, or make another model than the one that was
trained, is refused here, before weights are loaded (merging.py adds them to the base's).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.models.libraries import cannot_load, first_line, quiet

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
PARTS = (
    CONFIG,
    WEIGHTS,
    *TOKENIZER,
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
# Kinds that are sums or products with the base's weights, so that they can be merged; each is
# tested against peft's own, unmerged model.
MERGED = (
    "ADALORA",
    "BOFT",
    "C3A",
    "FOURIERFT",
    "HRA",
    "IA3",
    "LN_TUNING",
    "LOHA",
    "LOKR",
    "LORA",
    "MISS",
    "OFT",
    "RANDLORA",
    "ROAD",
    "SHIRA",
    "TRAINABLE_TOKENS",
    "VERA",
)
# Settings of LoRA under which merging would give another model than the one that was trained.
UNMERGED = {
    "alora_invocation_tokens": "it is active after certain tokens only",
    "layer_replication": "it repeats layers of the base model",
    "megatron_config": "it asks for code of megatron, which is not run",
}
# Starts that take a part of the base's weights away, and put it into the adapter.
CHANGING_STARTS = ("pissa", "olora", "corda", "loftq", "lora_ga")
WHERE = {"base_model_name_or_path", "revision"}  # the base's own digest says what it is


@dataclass(frozen=True)
class Adapter:
    """An adapter that exists.

    Attributes
    ----------
    folder : Path
        Its files; of one on the hub, where they were fetched to.
    settings : dict
        Its configuration.
    base, base_revision
        Folder or name of the model that it changes.
    """

    folder: Path
    settings: dict[str, Any] = field(repr=False)
    base: str
    base_revision: str | None

    @property
    def has_tokenizer(self) -> bool:
        """Whether training saved a tokenizer with it."""
        return any((self.folder / name).is_file() for name in TOKENIZER)

    def digest(self, base: str) -> str:
        """Digest of what it changes and how, by content; `base` is that of the base model."""
        settings = {key: value for key, value in self.settings.items() if key not in WHERE}
        digest = hashlib.sha256(json.dumps([base, settings], sort_keys=True).encode())
        with (self.folder / WEIGHTS).open("rb") as file:
            digest.update(f"{os.fstat(file.fileno()).st_size}:".encode())
            while piece := file.read(1 << 22):
                digest.update(piece)
        return digest.hexdigest()


def fetched_adapter(name: str, revision: str | None) -> Path | None:
    """Folder of an adapter on the hub, from the hub's cache where it is there; None if it is none.

    The base model's name and the digest stand in its files, which are small beside a model's.
    """
    utils = require("transformers.utils", extra="models")
    hub = require("huggingface_hub", extra="models")
    try:
        with quiet():
            if utils.find_adapter_config_file(name, revision=revision) is None:
                return None
            parts = list(PARTS)
            return Path(hub.snapshot_download(name, revision=revision, allow_patterns=parts))
    except (OSError, ValueError, RuntimeError) as error:
        raise cannot_load("adapter", name, error) from error


def refuse_both(folder: Path, name: str) -> None:
    """Refuse a folder with an adapter and a model: which of them is meant cannot be told."""
    weights = [path.name for path in folder.glob("*.safetensors") if path.name != WEIGHTS]
    if weights and (folder / "config.json").is_file():
        raise UsageError(
            "the folder holds a model and an adapter",
            where=f"--model {name}",
            why=f"{weights[0]} is there, and {CONFIG}",
            fix="move one of them, with its files, to a folder of its own",
        )


def read_adapter(folder: Path, name: str) -> Adapter:
    """Read what the adapter in a folder changes and how.

    Raises
    ------
    UsageError
        Files that are missing or cannot be understood, or an adapter that cannot be merged.
    MissingExtraError
        Without peft.
    """
    settings = _settings(folder, name)
    _check_kind(settings, name)
    base, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(base, str) or not base:
        raise UsageError(
            "the adapter does not name its base model",
            where=f"--model {name}",
            why=f"base_model_name_or_path in {CONFIG} is {json.dumps(base)}",
            fix="write the folder or the name of the model there that the adapter was trained on",
        )
    require("peft", extra="train")
    _check_weights(folder, name)
    revision = revision if isinstance(revision, str) and revision else None
    return Adapter(folder, settings, _base_place(base, folder), revision)


def _settings(folder: Path, name: str) -> dict[str, Any]:
    try:
        settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            "the adapter's configuration cannot be read",
            where=f"--model {name}",
            why=f"{CONFIG}: {first_line(error)}",
            fix="give the folder that save_pretrained wrote",
        ) from error
    return settings


def _check_kind(settings: dict[str, Any], name: str) -> None:
    """Refuse what cannot be merged, with the reason."""
    kind, task = settings.get("peft_type"), settings.get("task_type")
    start = settings.get("init_lora_weights")
    why = ""
    if kind not in MERGED:
        why = f"peft_type is {json.dumps(kind)}; what is no change of weights cannot be merged"
    elif task not in (None, "CAUSAL_LM"):
        why = f"task_type is {json.dumps(task)}: it is none of a causal language model"
    elif any(settings.get(key) for key in UNMERGED):
        key = next(key for key in UNMERGED if settings.get(key))
        why = f"{key} is set: {UNMERGED[key]}"
    elif isinstance(start, str) and start.lower().startswith(CHANGING_STARTS):
        why = f"init_lora_weights is {start!r}: its start changes the base model's weights, too"
    if why:
        raise UsageError(
            "the adapter cannot be merged into its base model",
            where=f"--model {name}",
            why=why,
            fix="give a model, or an adapter that changes weights, such as LoRA"
            if kind not in MERGED or task not in (None, "CAUSAL_LM")
            else "merge it with the tool that trained it, save the whole model, and give that",
        )


def _check_weights(folder: Path, name: str) -> None:
    if (folder / WEIGHTS).is_file():
        return
    pickled = (folder / "adapter_model.bin").exists()
    raise UsageError(
        "the adapter's weights are a pickle, which can run code"
        if pickled
        else "the adapter has no weights",
        where=f"--model {name}",
        why=f"{WEIGHTS} is not there",
        fix="where you trust it, load it with peft and save it again: save_pretrained(FOLDER, "
        "safe_serialization=True)"
        if pickled
        else "give the folder that save_pretrained wrote; if it holds a whole model, take "
        f"{CONFIG} away",
    )


def _base_place(base: str, folder: Path) -> str:
    """The base's folder from the working folder, as peft takes it, or beside the adapter's."""
    if Path(base).expanduser().is_dir():
        return base
    beside = folder.parent / base
    return str(beside) if beside.is_dir() else base
