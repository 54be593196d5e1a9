"""What the host does for a batch of gradients: what keeps a fast device waiting.

Rows of Alpaca go through `spanset features` as a user's do, rendered, padded, launched, fetched and
written, for a model of 30 layers and a device that takes no time: every pass is launched whole, on
16 tokens, and what it gives stands for all rows of the batch. The bare launches are timed beside
it, and a pass's operations counted: on a card, each is a kernel or more.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar
from unittest.mock import patch

import numpy as np
import torch

from benches.device.features import Clock, rows_of
from benches.device.profiles import profiled
from benches.device.random_models import SMALL, save_random_model
from spanset.config.model_settings import ModelConfig
from spanset.features.gradient import GradientFeatures
from spanset.models.passes import capture_run, model_run
from spanset.models.passes.capture import Captured, GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.passed import Flight
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import Reducer
from spanset.stores.keeping import in_store

NARROW = {
    **SMALL,
    "hidden_size": 12,
    "intermediate_size": 24,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "vocab_size": 16_384,
}
BATCH_TOKENS = 16_384  # as on a card
TOKENS = 16  # of a pass
ROUNDS = 3


class _Instant(GradientCapture):
    """Passes of a device that takes no time: all that is launched, next to nothing computed."""

    seconds: ClassVar[list[float]] = []

    def __call__(self, batch: Batch, reducer: Reducer) -> Captured:
        count = len(batch.ids)
        begun = perf_counter()
        found = super().__call__(_head(batch), reducer)
        self.seconds.append(perf_counter() - begun)
        hidden = found.hidden
        return replace(
            found,
            total=found.total.expand(count, -1),
            hidden=None if hidden is None else hidden.expand(count, -1),
            of_tokens=torch.zeros(3, count),
            owner=np.arange(count),
            sequences=count,
        )


class _UnderWay(Flight):
    """As from a device: the next pass is launched before this one is waited for."""

    @property
    def is_under_way(self) -> bool:
        """Always."""
        return True


def _head(batch: Batch) -> Batch:
    """The first tokens of the first sequence, all supervised."""
    ids = batch.ids[:1, :TOKENS]
    return Batch(ids, np.arange(ids.shape[1])[None] > 0, lengths=np.array([ids.shape[1]]))


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure; medians of a few rounds."""
    talks = rows_of(data, 400 if quick else 26_000)
    torch.set_num_threads(1)  # there is nothing to compute
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        some = talks[np.arange(min(len(talks), 2_000))]
        save_random_model(model, NARROW, (talk.text for talk in some.conversations()))
        rounds = [
            _round(talks, model, Path(folder, f"store{number}"))
            for number in range(1 if quick else ROUNDS)
        ]
    found = {name: float(np.median([one[name] for one in rounds])) for name in rounds[0]}
    print(
        f"{len(talks):,} rows, {found['batches']:.0f} batches: {found['start_s']:.1f} s before the "
        f"first is done, then {found['batch_ms']:.0f} ms a batch, {found['launch_ms']:.0f} of them "
        f"launches of {found['operations']:,.0f} operations ({found['bare_ms']:.0f} ms alone): at "
        f"most {found['tokens_per_second']:,.0f} tokens/s, {found['all_tokens_per_second']:,.0f} "
        "with the start",
        flush=True,
    )
    return {"torch": torch.__version__, "batch_tokens": BATCH_TOKENS, **found, "rounds": rounds}


def _round(talks: Any, model: Path, folder: Path) -> dict[str, float]:
    clock = Clock()
    config = ModelConfig(device="cpu", model_dtype="float32", batch_tokens=BATCH_TOKENS)
    started = perf_counter()
    maker = GradientFeatures.load(str(model), config, watcher=clock)
    _Instant.seconds.clear()
    with (
        patch.object(capture_run, "GradientCapture", _Instant),
        patch.object(model_run, "Flight", _UnderWay),
        patch.object(capture_run, "_checked", return_value=None),  # a few rows, once
    ):
        parts = in_store(maker, talks, folder)
    ended = perf_counter()
    assert clock.first is not None
    tokens = int(parts.stores[0].column("tokens").astype(np.int64).sum())
    count = len(_Instant.seconds)
    bare, operations = _bare(maker)
    return {
        "batches": count,
        "start_s": clock.first - started,
        "batch_ms": 1e3 * (ended - clock.first) / (count - 1),
        "launch_ms": 1e3 * float(np.mean(_Instant.seconds[1:])),
        "bare_ms": bare,
        "operations": operations,
        "tokens_per_second": tokens * (count - 1) / count / (ended - clock.first),
        "all_tokens_per_second": tokens / (ended - started),
    }


def _bare(maker: GradientFeatures) -> tuple[float, int]:
    """Milliseconds of a pass's launches with nothing beside them, and its operations."""
    loaded = maker.model.loaded
    layers = find_layers(loaded)
    sketch = make_sketch("fold", layers, rank=64, dimension=4096, seed=0, dtype=loaded.dtype)
    ids = np.arange(TOKENS)[None]
    batch = Batch(ids, ids > 0, lengths=np.array([TOKENS]))
    with GradientCapture(loaded, layers, pooling="mean") as capture:
        for _ in range(3):
            capture(batch, sketch)
        begun = perf_counter()
        for _ in range(20):
            capture(batch, sketch)
        seconds = (perf_counter() - begun) / 20
        record, _ = profiled(lambda: capture(batch, sketch), "cpu")
    return 1e3 * seconds, record["launches"]
