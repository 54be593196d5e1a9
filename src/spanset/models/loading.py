"""Weights of a model that was found (model_files.py), put where it runs; all there, and finite.

A checkpoint that lacks weights or holds some that are not finite is an error rather than a model
with random or broken parts. An adapter is merged into its base model; into quantised weights it is
not, and stays beside them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spanset.base.errors import DataError
from spanset.base.extras import require
from spanset.models.libraries import FAILURES, cannot_load, quiet, repository_folder
from spanset.models.merging import apply_adapter
from spanset.models.model_files import ModelFiles
from spanset.models.placing import refuse_offloading
from spanset.models.quantised import (
    BITSANDBYTES,
    NONE,
    floats_of,
    loading_options,
    method_of,
    settle,
)


def load_model(
    model: ModelFiles,
    *,
    device: str,
    dtype: str,
    quantize: str = NONE,
    device_map: str | None = None,
) -> Any:
    """The causal language model, on its device or devices.

    Parameters
    ----------
    quantize : {"none", "8bit", "4bit"}
        Make linear layers of fewer bits while loading.
    device_map : {"auto", "balanced", "sequential"}, optional
        How layers are spread over all cards; by default all lie on `device`.

    Raises
    ------
    UsageError
        Files that cannot be loaded, an adapter that does not fit.
    DataError
        Weights that are missing or not finite.
    SpansetError
        A model that does not fit onto the cards.
    """
    method = method_of(model.config) if quantize == NONE else BITSANDBYTES
    place: Any = device_map
    if device_map is None and method is not None:
        place = {"": device}  # quantised weights are made there, and cannot be moved
    options = loading_options(quantize, dtype) | ({} if place is None else {"device_map": place})
    if quantize != NONE:
        _require_finite_files(*model.weights)  # codes of a few bits have no NaN to be found later
    loaded = _checkpoint(model, dtype, method, options)
    refuse_offloading(loaded, device_map)
    settle(loaded, dtype)
    if model.adapter is not None:
        with quiet():
            loaded = apply_adapter(loaded, model.adapter, model.name, merge=method is None)
    _require_finite(loaded, model.name, dtype)
    return loaded if place is not None else loaded.to(device)


def _checkpoint(model: ModelFiles, dtype: str, method: str | None, options: dict[str, Any]) -> Any:
    """The model as saved, the base model of an adapter; no weight of it random."""
    torch, transformers = require("torch", extra="models"), require("transformers", extra="models")
    broken = require("safetensors", extra="models").SafetensorError
    name, revision = model.weights
    try:
        with quiet():
            loaded, info = transformers.AutoModelForCausalLM.from_pretrained(
                name,
                revision=revision,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=getattr(torch, dtype),
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
                **options,
            )
    except (*FAILURES, broken) as error:
        fix = ""
        if method is not None:
            fix = f"install what {method} needs here, or use the model as it was before {method}"
        raise cannot_load("model", name, error, fix) from error
    missing = sorted(info["missing_keys"]) + sorted(key[0] for key in info["mismatched_keys"])
    if missing:
        raise DataError(
            f"the checkpoint lacks {len(missing)} weights",
            where=f"--model {name}",
            why=f"{missing[0]} is not there, or of another shape: it would be random",
            fix="use a complete checkpoint of a causal language model",
        )
    return loaded


def _require_finite_files(name: str, revision: str | None) -> None:
    """Look at the weights as they were saved: one more reading of the files."""
    safetensors, torch = require("safetensors", extra="models"), require("torch", extra="models")
    local = Path(name).expanduser()
    folder = local if local.is_dir() else repository_folder(name, revision)
    for path in sorted(folder.glob("*.safetensors")) if folder else []:
        try:
            with safetensors.safe_open(path, "pt") as file:
                for key in file.keys():  # noqa: SIM118 (it is no dictionary)
                    weight = file.get_tensor(key)
                    if weight.is_floating_point() and not torch.isfinite(weight).all():
                        raise _not_finite(key, name)
        except (OSError, safetensors.SafetensorError) as error:
            raise cannot_load("model", name, error) from error


def _require_finite(loaded: Any, name: str, dtype: str) -> None:
    torch = require("torch", extra="models")
    for place, weight in loaded.named_parameters():
        for part, numbers in floats_of(place, weight):
            if not torch.isfinite(numbers).all():
                raise _not_finite(part, name, is_half=dtype == "float16")


def _not_finite(weight: str, name: str, *, is_half: bool = False) -> DataError:
    return DataError(
        "a weight of the model is not finite",
        where=f"--model {name}",
        why=f"{weight} holds NaN or infinity"
        + (" (in float16, perhaps only there)" if is_half else ""),
        fix="use an earlier checkpoint" + (", or --model-dtype float32" if is_half else ""),
    )
