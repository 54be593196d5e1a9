"""A selection from end to end: read, represent, score, select, summarise, write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spanset.amounts import row_counts, token_count
from spanset.config import DataConfig, SelectConfig
from spanset.data import Dataset, read
from spanset.errors import SpansetError, UsageError
from spanset.features import Representation, fit_transform, unit_rows
from spanset.features.array import ArrayFeatures, load_array
from spanset.greedy import Progress
from spanset.kernels import make_kernel
from spanset.memory import peak_bytes
from spanset.outputs import Outputs
from spanset.quality import TokenCounts, count_tokens, score
from spanset.results import Selection
from spanset.selectors.top import require_quality
from spanset.summary import SetSummary, summarise
from spanset.verbs import resolved_weight, select


class Watcher(Protocol):
    """Told of stages and progress; asked whether to stop."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Around each stage."""
        ...

    def progress(self, progress: Progress) -> None:
        """After each block of picks."""
        ...

    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        ...


@dataclass(frozen=True)
class Outcome:
    """A finished selection: rows, picks, their summary, and where they were written."""

    data: Dataset
    picks: Selection
    sizes: list[int]
    summaries: list[SetSummary]
    tokens: TokenCounts
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return {
            "sets": [asdict(one) for one in self.summaries],
            "stop_reason": self.picks.stop_reason.value,
            "last_gain": None if np.isnan(self.picks.gains[-1]) else self.picks.gains[-1],
            "tokens_counted_by": self.tokens.method,
            "malformed": len(self.data.bad),
            "empty": len(self.data.empty),
            "seconds": self.timings,
            "peak_bytes": self.peak_bytes,
            "written": self.written,
        }


def run_select(config: SelectConfig, watcher: Watcher) -> Outcome:
    """Run ``spanset select``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    weight = check_select(config)
    budget = None if config.choice.tokens is None else token_count(config.choice.tokens)
    kernel = make_kernel(config.features.kernel, config.features.gamma)
    outputs = Outputs.plan(config.output)
    choice, timings = config.choice, {}
    stage = _stopwatch(watcher, timings)

    with stage("read"):
        data = read_data(config.data, config.reading)
        sizes = row_counts(choice.k, len(data))
        outputs.names(data, sizes)
    with stage("represent"):
        X, fitted = fit_transform(config.features.features, data, seed=choice.seed)
        given = _given(config, fitted)
    with stage("score"):
        tokens = count_tokens(data, config.quality.tokenizer)
        quality, transform = config.quality.quality, config.quality.transform
        log_q = score(data, quality, transform=transform, tokens=tokens) if quality else None
    with stage("select"):
        picks = select(
            X,
            k=sizes[-1] if sizes else None,
            quality=log_q,
            quality_weight=weight,
            tokens=budget,
            token_counts=tokens.total,
            method=choice.method,
            kernel=config.features.kernel,
            gamma=config.features.gamma,
            given=given,
            dtype=config.compute.dtype,
            seed=choice.seed,
            workers=config.compute.workers,
            on_progress=watcher.progress,
            cancelled=watcher.cancelled,
        )
        if not len(picks):
            raise SpansetError(f"nothing was picked: {picks.stop_reason.value}", where="select")
        sizes = sorted({min(size, len(picks)) for size in sizes or [len(picks)]})
    with stage("summarise"):
        summaries = summarise(
            data,
            X,
            picks,
            sizes,
            kernel,
            tokens=tokens.total,
            given=given,
            by=config.output.by,
            draws=config.output.draws,
            seed=choice.seed,
        )
    with stage("write"):
        written = outputs.write(
            data,
            picks,
            sizes,
            config=config.table(),
            tokens=tokens,
            log_quality=log_q,
            seed=choice.seed,
            timings={**timings, "peak_bytes": peak_bytes()},
        )
    return Outcome(data, picks, sizes, summaries, tokens, timings, peak_bytes(), written)


def read_data(paths: tuple[str, ...], config: DataConfig) -> Dataset:
    """Read the inputs by the settings."""
    mapping = None
    if config.map is not None:
        pairs = [pair.partition("=") for pair in config.map.split(",")]
        if not all(target and mark and name for target, mark, name in pairs):
            raise UsageError(
                f"cannot read {config.map!r}",
                where="--map",
                fix="write prompt=FIELD,answer=FIELD",
            )
        mapping = {target.strip(): name.strip() for target, _, name in pairs}
    return read(
        paths,
        format=config.format,
        mapping=mapping,
        on_bad_row=config.on_bad_row,
        on_empty=config.on_empty,
    )


def check_select(config: SelectConfig) -> float:
    """Check what needs no data, before any work; lambda."""
    choice, quality = config.choice, config.quality.quality
    if not choice.k and choice.tokens is None:
        raise UsageError(
            "neither -k nor --tokens is given", where="-k", fix="say how much to pick: -k 10000"
        )
    if choice.method == "top":
        require_quality(quality)
    return resolved_weight(config.quality.quality_weight, has_quality=quality is not None)


def _given(config: SelectConfig, fitted: Representation) -> npt.NDArray[np.float32] | None:
    """Features of the rows that are there already, represented as the data are."""
    path = config.choice.given
    if path is None:
        return None
    if isinstance(fitted, ArrayFeatures):
        return unit_rows(load_array(path), np.float32, where=path)
    return fitted.transform(read_data((path,), config.reading))


def _stopwatch(
    watcher: Watcher, timings: dict[str, float]
) -> Callable[[str], AbstractContextManager[None]]:
    """Stages that are shown to the watcher and timed, in seconds."""

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = perf_counter()
        with watcher.stage(name):
            yield
        timings[name] = perf_counter() - started

    return stage
