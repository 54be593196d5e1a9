"""A selection from end to end: read, represent, score, select, summarise, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.amounts import row_counts, token_count
from spanset.config import DataConfig, SelectConfig
from spanset.data import Dataset, read
from spanset.data.formats import parse_mapping
from spanset.errors import SpansetError, UsageError
from spanset.features import Representation, fit_transform, unit_rows
from spanset.features.array import ArrayFeatures, load_array
from spanset.kernels import make_kernel
from spanset.memory import peak_bytes
from spanset.outputs import Outputs
from spanset.quality import TokenCounts, count_tokens, score
from spanset.results import Selection
from spanset.selectors.top import require_quality
from spanset.stages import Watcher, stopwatch
from spanset.summary import SetSummary, summarise
from spanset.verbs import resolved_weight, select


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
    stage = stopwatch(watcher, timings)

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
    return read(
        paths,
        format=config.format,
        mapping=None if config.map is None else parse_mapping(config.map),
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
