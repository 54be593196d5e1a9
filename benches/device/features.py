"""`spanset features` of a small model, as a user runs it: tokens a second, and the first batch.

A random model of SmolLM2-135M's shape, so that nothing has to be at hand; rows are the data's own
where they are there, else made up with the lengths of Alpaca's.
"""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benches.device.profiles import profiled
from benches.device.random_models import SMALL, save_random_model
from spanset.base.stages import SILENT
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.stores.keeping import in_store

WORDS = 4_000  # of the made-up vocabulary
NAMES = ("prompt", "completion")


class Clock:
    """A watcher that notes when the first batch is done."""

    def __init__(self) -> None:
        self.first: float | None = None

    def stage(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Nothing is shown."""
        return nullcontext()

    def progress(self, progress: Any) -> None:  # noqa: ARG002
        """Look at the clock once."""
        if self.first is None:
            self.first = perf_counter()

    def note(self, text: str) -> None:
        """Nothing is shown."""

    def cancelled(self) -> bool:
        """Never."""
        return False


def measure_features(
    data: Path, device: str, *, rows: int, quick: bool = False
) -> tuple[dict[str, Any], str]:
    """Tokens a second of a whole run, seconds to the first batch, and a profile of a part."""
    talks = rows_of(data, rows)
    shape = {**SMALL, "num_hidden_layers": 2} if quick else SMALL
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        some = talks[np.arange(min(len(talks), 2_000))]
        save_random_model(model, shape, (talk.text for talk in some.conversations()))
        clock = Clock()
        config = ModelConfig(device=device, model_dtype="float32" if quick else "bfloat16")
        started = perf_counter()
        parts = in_store(_maker(model, config, clock), talks, Path(folder, "store"))
        seconds = perf_counter() - started
        assert clock.first is not None
        tokens = int(parts.stores[0].column("tokens").astype(np.int64).sum())
        head = clock.first - started
        part = talks[np.arange(min(len(talks), 64 if quick else 1_024))]
        maker = _maker(model, config, SILENT)
        record, text = profiled(lambda: in_store(maker, part, Path(folder, "part")), device)
    result = {
        "rows": len(talks),
        "tokens": tokens,
        "seconds": seconds,
        "seconds_to_first_batch": head,
        "tokens_per_second": tokens / seconds,
        "tokens_per_second_after": tokens / max(seconds - head, 1e-9),
        "profile": {"rows": len(part), **record},
    }
    print(
        f"features, {len(talks):,} rows, {tokens:,} tokens: {seconds:.1f} s, first batch after "
        f"{head:.1f} s; {tokens / seconds:,.0f} tokens/s in all, "
        f"{result['tokens_per_second_after']:,.0f} after the first batch",
        flush=True,
    )
    return result, text


def _maker(model: Path, config: ModelConfig, watcher: Any) -> GradientFeatures:
    return GradientFeatures.load(str(model), config, watcher=watcher)


def rows_of(data: Path, count: int) -> Dataset:
    """Rows of Alpaca where they are, else made-up ones of like lengths."""
    alpaca = data / "alpaca_data.json.gz"
    if alpaca.exists():
        talks = read(alpaca)
        return talks[np.arange(min(count, len(talks)))]
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(97, 123, rng.integers(2, 9)))) for _ in range(WORDS)]
    lengths = np.clip(rng.lognormal(3.6, 0.9, (count, 2)), 4, 600).astype(int)
    rows = [
        {name: " ".join(rng.choice(words, size)) for name, size in zip(NAMES, sizes, strict=True)}
        for sizes in lengths
    ]
    return read(rows)
