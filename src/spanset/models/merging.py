"""An adapter put onto its base model, and added to the weights where these are plain numbers.

Afterwards the model has plain linear layers by the base's names. Quantised weights would be rounded
again by that: there the adapter stays beside them, as it was trained (targets.py sees the two as
one layer).
"""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

from spanset.base.errors import DataError, SpansetError, UsageError
from spanset.base.extras import require
from spanset.models.adapters import CONFIG, WEIGHTS, Adapter
from spanset.models.libraries import first_line

OURS = "spanset"  # the adapter's name inside peft, by which its own weights are told apart


def apply_adapter(model: Any, adapter: Adapter, name: str, *, merge: bool = True) -> Any:
    """The model with the adapter's changes; `model` itself is changed.

    Raises
    ------
    UsageError
        An adapter of another model, or one that peft cannot use.
    DataError
        Weights that are missing or not finite.
    """
    peft = require("peft", extra="train")
    mapping = require("peft.mapping", extra="train")
    weights = _read_weights(adapter, name)
    config = _config(peft, adapter, name)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    is_tied = head is not None and head.weight is embedding.weight
    _fit_vocabulary(model, weights, name, is_tied=is_tied)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to those who train or save
            adapted = peft.PeftModel(model, config, adapter_name=OURS)
            result = peft.set_peft_model_state_dict(adapted, weights, adapter_name=OURS)
            _require_all(result, mapping.PEFT_TYPE_TO_PREFIX_MAPPING[config.peft_type], name)
            adapted.eval()
            if is_tied and (
                model.get_input_embeddings() is not embedding
                or model.get_output_embeddings() is not head
            ):
                # One of the two is adapted: its change must not reach the other, as in training.
                torch = require("torch", extra="models")
                head.weight = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False)
                model.config.tie_word_embeddings = False
            return adapted.merge_and_unload() if merge else adapted.get_base_model()
    except SpansetError:
        raise
    except Exception as error:  # whatever a foreign configuration makes peft do
        raise _does_not_fit(name, error) from error


def _read_weights(adapter: Adapter, name: str) -> dict[str, Any]:
    torch = require("torch", extra="models")
    broken = require("safetensors", extra="models").SafetensorError
    try:
        load = require("safetensors.torch", extra="models").load_file
        weights = load(adapter.folder / WEIGHTS)
    except (OSError, ValueError, broken) as error:
        raise UsageError(
            "the adapter's weights cannot be read",
            where=f"--model {name}",
            why=f"{WEIGHTS}: {first_line(error)}",
            fix="save the adapter again",
        ) from error
    for key, weight in weights.items():
        if not torch.isfinite(weight.float()).all():
            raise DataError(
                "a weight of the adapter is not finite",
                where=f"--model {name}",
                why=f"{key} holds NaN or infinity",
                fix="use an earlier checkpoint",
            )
    return weights


def _config(peft: Any, adapter: Adapter, name: str) -> Any:
    """The configuration as peft's; its start is that of weights which are then replaced."""
    settings = dict(adapter.settings)
    kind = peft.PEFT_TYPE_TO_CONFIG_MAPPING.get(settings["peft_type"])
    known = set() if kind is None else {one.name for one in dataclasses.fields(kind)}
    unknown = sorted(key for key in settings.keys() - known if settings[key])
    if kind is None or unknown:
        what = unknown[0] if kind is not None else settings["peft_type"]
        raise UsageError(
            "the adapter was made by another version of peft",
            where=f"--model {name}",
            why=f"{what} in {CONFIG} is not known to the one that is installed",
            fix="pip install -U peft",
        )
    settings = {key: value for key, value in settings.items() if key in known}
    settings["inference_mode"] = True
    if isinstance(settings.get("init_lora_weights"), str):
        settings["init_lora_weights"] = True
    try:
        return kind(**settings)
    except Exception as error:  # checks of its own, of values that anyone may have written
        raise _does_not_fit(name, error) from error


def _fit_vocabulary(model: Any, weights: dict[str, Any], name: str, *, is_tied: bool) -> None:
    """Resize the base's embeddings to those that the adapter brings, as training did."""
    names = {id(module): one for one, module in model.named_modules()}
    rows = model.get_input_embeddings().weight.shape[0]
    brought = {
        what: _brought_rows(weights, names[id(module)])
        for what, module in (
            ("input", model.get_input_embeddings()),
            ("output", model.get_output_embeddings()),
        )
    }
    wanted = {count for count in brought.values() if count is not None} - {rows}
    if not wanted:
        return
    if len(wanted) > 1 or (not is_tied and None in brought.values()):
        lacking = next((what for what, count in brought.items() if count is None), None)
        raise UsageError(
            f"the adapter has a vocabulary of {max(wanted):,} tokens, its base model {rows:,}",
            where=f"--model {name}",
            why=f"it brings no {lacking} embedding for the others"
            if lacking
            else "its two embeddings differ",
            fix="save it with save_embedding_layers=True, or merge it and save the whole model",
        )
    model.resize_token_embeddings(wanted.pop(), mean_resizing=False)


def _brought_rows(weights: dict[str, Any], embedding: str) -> int | None:
    """Rows of a whole embedding among the adapter's weights."""
    for part in ("", "base_layer.", "modules_to_save."):
        weight = weights.get(f"base_model.model.{embedding}.{part}weight")
        if weight is not None:
            return len(weight)
    return None


def _require_all(result: Any, prefix: str, name: str) -> None:
    """Refuse an adapter that lacks weights, or has some that belong nowhere."""
    # Without the prefix of their kind they are fixed numbers, or shared ones that were loaded.
    missing = sorted(key for key in result.missing_keys if f".{OURS}" in key and prefix in key)
    extra = sorted(result.unexpected_keys)
    if not missing and not extra:
        return
    first = (missing or extra)[0].replace(f".{OURS}", "")
    raise DataError(
        f"the adapter lacks {len(missing)} weights"
        if missing
        else f"{len(extra)} weights of the adapter have no place in its base model",
        where=f"--model {name}",
        why=f"{first} is not there: it would be random" if missing else first,
        fix="give the adapter and the base model as they were trained",
    )


def _does_not_fit(name: str, error: Exception) -> UsageError:
    return UsageError(
        "the adapter cannot be put onto its base model",
        where=f"--model {name}",
        why=first_line(error) if not isinstance(error, RuntimeError) else _mismatch(error),
        fix="give the adapter with the model that it was trained on, or merge it with the tool "
        "that trained it and save the whole model",
    )


def _mismatch(error: RuntimeError) -> str:
    """The first weight of another shape; torch lists all of them after a heading."""
    lines = [line.strip() for line in str(error).splitlines() if "size mismatch" in line]
    return (lines[0] if lines else first_line(error)).replace(f".{OURS}", "")
