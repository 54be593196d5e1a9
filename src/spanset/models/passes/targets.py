"""Which layers of a model the gradient is taken of, found by structure.

A target is a linear layer (torch's, transformers' Conv1D, or a quantised kind derived from them);
with an adapter beside its weights, the two are one layer by its name.
`attention` takes those inside a module whose class is an attention: projections of queries, keys,
values and outputs, fused or not. `all-linear` takes every one but the output embedding, and refuses
a mixture of experts, whose tokens are routed past most of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spanset.base.errors import UsageError
from spanset.sketches.reducer import Layer

KINDS = ("attention", "all-linear")


def find_layers(model: Any, kind: str = "attention") -> list[Layer]:
    """Target layers of a causal language model, in the order of its modules.

    Raises
    ------
    UsageError
        No such layers, or layers that cannot be captured, named.
    """
    if kind == "all-linear":
        _refuse_experts(model)
        head = model.get_output_embeddings()
        found = [(name, module) for name, module in _linear(model) if module is not head]
    elif kind == "attention":
        homes = [name for name, module in model.named_modules() if _is_attention(module)]
        found = [
            (name, module)
            for name, module in _linear(model)
            if any(name.startswith(f"{home}.") for home in homes) and "expert" not in name.lower()
        ]
    else:
        raise UsageError(f"no targets {kind!r}", where="--targets", fix=f"use {', '.join(KINDS)}")
    if not found:
        raise UsageError(
            f"the model {type(model).__name__} has no {kind} layers",
            where="--targets",
            why="no linear layer was found inside a module whose class is an attention"
            if kind == "attention"
            else "it has no linear layers",
            fix="try --targets all-linear" if kind == "attention" else "use another model",
        )
    return [Layer(name, *_shape(module)) for name, module in found]


def decoder_layers(model: Any) -> list[Any]:
    """The repeated blocks of the model: its list of modules with the most weights.

    Not the longest: a block may hold a list of more experts than there are blocks.
    """
    import torch

    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    return list(max(lists, key=_weights)) if lists else []


def _weights(module: Any) -> int:
    return sum(weight.numel() for weight in module.parameters())


def _linear(model: Any) -> Iterator[tuple[str, Any]]:
    """Linear layers, each once, by their first name."""
    import torch
    from transformers.pytorch_utils import Conv1D

    inside = None
    for name, module in model.named_modules():
        if inside is not None and name.startswith(inside):
            continue  # the parts of a layer with an adapter
        plain = _plain(module)
        if isinstance(plain, (torch.nn.Linear, Conv1D)):
            yield name, module
        if plain is not module:
            inside = f"{name}."


def _plain(module: Any) -> Any:
    """The layer that an adapter (peft's) lies beside; the module itself, where there is none."""
    for part in ("base_layer", "original_module"):
        inner = getattr(module, part, None)
        if inner is not None:
            return _plain(inner)
    return module


def _shape(module: Any) -> tuple[int, int]:
    """Features in and out; Conv1D stores its weight the other way round."""
    module = _plain(module)
    if hasattr(module, "in_features"):
        return int(module.in_features), int(module.out_features)
    inputs, outputs = module.weight.shape
    return int(inputs), int(outputs)


def _is_attention(module: Any) -> bool:
    return "attention" in type(module).__name__.lower()


def _refuse_experts(model: Any) -> None:
    for name, module in model.named_modules():
        if "expert" in type(module).__name__.lower() or "expert" in name.lower():
            raise UsageError(
                "the model is a mixture of experts",
                where="--targets all-linear",
                why=f"tokens are routed past the experts in {name}, whose gradients would be "
                "zero for most rows",
                fix="use --targets attention",
            )
