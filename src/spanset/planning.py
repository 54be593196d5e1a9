"""What a selection would do and take, without doing it."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from spanset.amounts import row_counts, token_count
from spanset.checks import check_select
from spanset.config import FeatureConfig, SelectConfig
from spanset.data import Dataset
from spanset.data.inputs import require_readable
from spanset.features import dimension, lexical_maker, maker_of, parse_features
from spanset.features.array import load_features
from spanset.features.making import Maker
from spanset.features.parts import planned
from spanset.greedy import TokenBudget
from spanset.greedy.exhaustion import room_left
from spanset.kernels import kernel_settings, make_kernel
from spanset.memory import available_bytes, greedy_bytes
from spanset.outputs import Outputs
from spanset.pipeline import input_paths, read_data
from spanset.quality import count_tokens
from spanset.similarity import AutoGamma, parse_gamma
from spanset.summary import require_fields


def plan_select(config: SelectConfig) -> tuple[Dataset, dict[str, Any]]:
    """Check everything that can be checked, read the data, and estimate the rest."""
    weight = check_select(config)
    outputs = Outputs.plan(config.output)
    data = read_data(config.data, config.reading)
    sizes = row_counts(config.choice.k, len(data))
    names = outputs.names(data, sizes)
    k = sizes[-1] if sizes else len(data)
    if config.choice.tokens is not None:
        counts = count_tokens(data, config.quality.tokenizer).total
        k = min(k, TokenBudget(counts, token_count(config.choice.tokens)).likely_rows)
    spec = parse_features(config.features.features, config.model.model)
    maker: Maker | None = None
    if spec.kind == "lexical":
        maker = lexical_maker(data, seed=config.choice.seed)
    elif spec.path is None:
        maker = maker_of(
            spec,
            config.model,
            seed=config.choice.seed,
            on_bad_row=config.reading.on_bad_row,
        )
    d = dimension(spec) if maker is None else maker.dimension
    outputs.refuse_inputs(names, input_paths(config, data))
    require_fields(data, config.output.by)
    if spec.kind == "array":
        load_features(spec.argument, data)
    if config.choice.given is not None:
        require_readable(config.choice.given)
    dtype = config.compute.dtype
    chosen = sum(int(data.length[:k].mean()) * size for size in sizes or [k])
    where = f" in {outputs.run}" if outputs.subset is None else ""
    plan: dict[str, Any] = {
        "method": config.choice.method,
        "picks": ", ".join(f"{size:,}" for size in sizes or [k]),
        "features": f"{spec}, {d:,} dimensions",
        "kernel": _kernel_named(config.features),
        "quality": f"{config.quality.quality or 'none'}, lambda {weight:g}",
        "output": ", ".join(names) + where,
        "disk": f"about {chosen / 2**20:,.1f} MiB",
    }
    if maker is not None:
        plan["to make"] = planned(maker, data)
    if config.choice.method == "dpp":
        k = min(k, room_left(make_kernel(config.features.kernel), np.empty((0, d)), 0))
        needed, available = greedy_bytes(len(data), k, d, dtype), available_bytes()
        plan["memory"] = f"{needed / 2**30:.2f} GiB of {available / 2**30:.1f} GiB available"
        seconds = (len(data) * k * (k + 2 * d)) / _products_per_second(dtype)
        plan["time"] = f"about {1.3 * seconds:,.0f} s for the selection on this machine"
    return data, plan


def _kernel_named(features: FeatureConfig) -> str:
    """Kernel, gamma and what becomes of lengths, in words."""
    found = parse_gamma(features.kernel, features.gamma)
    if isinstance(found, AutoGamma):
        gamma = f", gamma found for {found.picks:,} picks"
    else:
        settings = kernel_settings(make_kernel(features.kernel, found))
        gamma = f", gamma {settings['gamma']:g}" if "gamma" in settings else ""
    return features.kernel + gamma + ("" if features.normalize else ", rows not normalised")


def _products_per_second(dtype: str) -> float:
    """Floating-point operations a second in a matrix product, measured for a moment."""
    left, right = np.ones((256, 2048), dtype), np.ones((2048, 8192), dtype)
    best = np.inf
    for _ in range(3):
        started = perf_counter()
        np.matmul(left, right)
        best = min(best, perf_counter() - started)
    return 2 * left.size * right.shape[1] / best
