"""Models whose linear layers hold fewer bits: what they need, how they are made and run.

`--quantize 4bit` makes NF4 with doubly quantised scales, as QLoRA does; `8bit` the int8 rows of
LLM.int8(). A checkpoint may be quantised already, by bitsandbytes or by another method that
transformers knows.

The numbers that such a layer computes in are those of ``--model-dtype``, whatever the checkpoint
names (bnb_4bit_compute_dtype): its weights are turned into them for each product, on the way back
too. LLM.int8() would quantise the inputs of 8-bit layers as well, with outliers looked for in the
whole batch: a row's gradient would depend on the others of its batch, so inputs are left as they
are (int8.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require, require_package
from spanset.models.libraries import quiet

NONE, BITSANDBYTES = "none", "bitsandbytes"


def method_of(config: Any) -> str | None:
    """What a checkpoint was quantised by; None where it is not."""
    settings = _settings(config)
    if settings is None:
        return None
    if settings.get("load_in_4bit") or settings.get("load_in_8bit"):
        return BITSANDBYTES  # whose older versions do not name themselves
    method = settings.get("quant_method", "")
    return str(getattr(method, "value", method))


def require_known_method(config: Any, name: str) -> None:
    """Refuse a checkpoint whose quantisation is not known, or needs what is not installed."""
    method = method_of(config)
    if method is None:
        return
    if method == BITSANDBYTES:
        _require_bitsandbytes(f"--model {name}", "the model's weights are quantised by it")
        return
    # Transformers would pass over a method that it does not know.
    auto = require("transformers.quantizers", extra="models").AutoHfQuantizer
    with quiet():
        is_known = bool(method) and auto.supports_quant_method(_settings(config))
    if not is_known:
        raise UsageError(
            "the model's quantisation is not known",
            where=f"--model {name}",
            why=f"quant_method of quantization_config in config.json is {method!r}",
            fix="use the model as it was before, or a later version of transformers",
        )


def _settings(config: Any) -> dict[str, Any] | None:
    settings: Any = getattr(config, "quantization_config", None)
    return settings.to_dict() if hasattr(settings, "to_dict") else settings


def check_quantize(config: Any, name: str, quantize: str) -> None:
    """Refuse `--quantize` where it cannot be done, before any work."""
    if quantize == NONE:
        return
    flag, method = f"--quantize {quantize}", method_of(config)
    if method is not None:
        raise UsageError(
            "the model is quantised already",
            where=flag,
            why=f"config.json of {name} names {method}",
            fix="leave it out",
        )
    _require_bitsandbytes(flag, "it quantises the weights")


def loading_options(quantize: str, dtype: str) -> dict[str, Any]:
    """What from_pretrained is told to quantise a model while it loads."""
    if quantize == NONE:
        return {}
    torch, transformers = require("torch", extra="models"), require("transformers", extra="models")
    if quantize == "8bit":
        return {"quantization_config": transformers.BitsAndBytesConfig(load_in_8bit=True)}
    settings = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )
    return {"quantization_config": settings}


def settle(model: Any, dtype: str) -> None:
    """Make quantised layers of bitsandbytes compute in `dtype`, row by row."""
    torch = require("torch", extra="models")
    for module in model.modules():
        kind = type(module).__name__
        if kind == "Linear4bit":
            module.compute_dtype, module.compute_type_is_set = getattr(torch, dtype), True
            # Some processors would pack weights that no gradient can pass through.
            module.support_avx512bf16_for_cpu = False
        elif kind == "Linear8bitLt":
            from spanset.models.int8 import run_as_numbers

            run_as_numbers(module)


def floats_of(name: str, weight: Any) -> Iterator[tuple[str, Any]]:
    """The floating-point numbers of a weight: itself, or the scales of its packed numbers."""
    if getattr(weight, "quant_state", None) is not None:  # 4 bits, packed into whatever type
        state = weight.quant_state
        nested = getattr(state, "state2", None)
        yield f"{name} (its scales)", (state if nested is None else nested).absmax
    elif getattr(weight, "SCB", None) is not None:  # 8 bits
        yield f"{name} (its scales)", weight.SCB
    elif weight.is_floating_point():
        # Numbers of one byte have no test of their own.
        yield name, weight if weight.element_size() > 1 else weight.float()


def _require_bitsandbytes(where: str, why: str) -> None:
    require_package(BITSANDBYTES, where=where, why=why)
    require_package("accelerate", where=where, why="layers of bitsandbytes need it")
