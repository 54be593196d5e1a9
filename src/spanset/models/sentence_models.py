"""Sentence-transformers models: found, checked, loaded; nothing they bring is run.

Weights are read from safetensors files only, and modules from the package itself only: a model's
`modules.json` could name any class that is installed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.models.libraries import first_line, quiet

PARTS = ("*.json", "*.safetensors", "*.txt", "*.model")  # of a model's folder: no pickles, no code
OWN = "sentence_transformers."


@dataclass(frozen=True)
class SentenceFiles:
    """A model that exists: its name, revision, folder, and what identifies its content."""

    name: str
    revision: str | None
    folder: Path
    digest: str


def find_sentence_model(name: str, revision: str | None = None) -> SentenceFiles:
    """Look at a model without loading its weights; one on the hub is fetched.

    Raises
    ------
    UsageError
        No such model, or one that is not of sentence-transformers.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        if folder.is_absolute() or name.startswith((".", "~")):
            raise _cannot_load(name, "the folder does not exist")
        folder = _fetched(name, revision)
    _check_modules(folder, name)
    return SentenceFiles(name, revision, folder, f"sha256:{_digest(folder, name)}")


def load_sentence_model(
    files: SentenceFiles, *, device: str, dtype: str, max_length: int | None = None
) -> Any:
    """The model on its device.

    Parameters
    ----------
    max_length : int, optional
        Tokens of a text, the rest is cut; by default what the model says.
    """
    torch = require("torch", extra="models")
    package = require("sentence_transformers", extra="models")
    broken = require("safetensors", extra="models").SafetensorError
    try:
        with quiet():
            model = package.SentenceTransformer(
                str(files.folder),
                device=device,
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "dtype": getattr(torch, dtype)},
            )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RuntimeError,
        broken,
    ) as error:
        raise _cannot_load(files.name, first_line(error)) from error
    if max_length is not None:
        known = model.max_seq_length
        if max_length < 2 or (known is not None and max_length > known):
            raise UsageError(
                f"{max_length:,} tokens do not fit the model",
                where="--max-length",
                why=f"{files.name} takes {known:,} tokens" if known else "",
                fix=f"give 2 to {known}" if known else "give 2 or more",
            )
        model.max_seq_length = max_length
    return model


def _fetched(name: str, revision: str | None) -> Path:
    """Folder of a model on the hub, from the hub's cache where it is there."""
    hub = require("huggingface_hub", extra="models")
    require("sentence_transformers", extra="models")
    full = name if "/" in name else f"sentence-transformers/{name}"  # as that package reads names
    try:
        with quiet():
            return Path(hub.snapshot_download(full, revision=revision, allow_patterns=list(PARTS)))
    except (OSError, ValueError, RuntimeError, hub.errors.HfHubHTTPError) as error:
        raise _cannot_load(name, first_line(error)) from error


def _check_modules(folder: Path, name: str) -> None:
    """Refuse what is no model of sentence-transformers, or asks for classes from elsewhere."""
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        types = [str(module["type"]) for module in modules]
    except FileNotFoundError as error:
        raise _cannot_load(name, "modules.json is not there") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _cannot_load(name, f"modules.json: {first_line(error)}") from error
    foreign = [kind for kind in types if not kind.startswith(OWN)]
    if foreign:
        raise _cannot_load(name, f"it needs code from elsewhere, which is not run: {foreign[0]}")


def _digest(folder: Path, name: str) -> str:
    """Digest of all that a result depends on, by content."""
    digest = hashlib.sha256()
    for path in sorted({path for part in PARTS for path in folder.rglob(part)}):
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                digest.update(f"{path.relative_to(folder)}:{size}:".encode())
                while piece := file.read(1 << 22):
                    digest.update(piece)
        except OSError as error:
            raise _cannot_load(name, f"{path}: {error.strerror}") from error
    return digest.hexdigest()


def _cannot_load(name: str, why: str) -> UsageError:
    return UsageError(
        "the sentence model cannot be loaded",
        where=f"--features sentence:{name}",
        why=why,
        fix="give the folder of a sentence-transformers model with safetensors weights, or its "
        "name on the hub (with network access)",
    )
