"""Gradient features of a model of 7B beside its training step, on a card.

Rows of 512 random tokens, half of them supervised, a random Llama in bfloat16; with the share of
the measured product, and a profile of two batches.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benches.device.profiles import profiled
from benches.gradients import measure, random_llama, show, spanset_way
from spanset.base.devices import free_bytes
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers

SHAPE = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32}
LAYER = 202e6  # weights of a layer of that shape
ALLOWED = {64: 0.75, 512: 0.75}  # of the training step
ROWS, AT_ONCE = 16, 4


def part(place: Any, *, quick: bool) -> Callable[[], Any]:
    """The measurement; with fewer layers where the card has not the room for a training step."""

    def measured() -> tuple[dict[str, Any], str]:
        shape, dtype = dict(SHAPE), torch.bfloat16
        if quick:
            shape = {"hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 2}
            dtype = torch.float32
        else:  # weights and their gradients, two bytes each, and as much again for what is kept
            fits = int((0.8 * free_bytes(place) / 2 / 2 - 262e6) / LAYER / 1.5)
            shape["num_hidden_layers"] = max(2, min(32, fits))
        heads = 4 if quick else 32
        model = random_llama(shape, vocabulary=32_000, heads=heads).to(place, dtype)
        batches = _batches(4 if quick else ROWS, 2 if quick else AT_ONCE, 32 if quick else 512)
        found = measure(model, batches, rounds=1 if quick else 3, per_example=False)
        show(f"llama, {shape['num_hidden_layers']} layers, random", found, ALLOWED)
        way = spanset_way(model, batches[:2], find_layers(model), 64)
        record, text = profiled(way, place.type)
        del model, way
        gc.collect()
        if place.type == "cuda":
            torch.cuda.empty_cache()
        return {"shape": shape, **found, "profile": {"batches": 2, **record}}, text

    return measured


def _batches(rows: int, size: int, length: int) -> list[Batch]:
    generator = np.random.default_rng(0)
    supervised = np.zeros((size, length), bool)
    supervised[:, length // 2 :] = True
    return [
        Batch(generator.integers(0, 32_000, (size, length)), supervised)
        for _ in range(rows // size)
    ]
