"""A selection from end to end: read, represent, score, select, summarise, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.amounts import row_counts, token_count
from spanset.checks import check_features, check_select
from spanset.config import DataConfig, ModelConfig, SelectConfig, column_names
from spanset.data import Dataset, read
from spanset.data.formats import parse_mapping
from spanset.errors import DataError, SpansetError
from spanset.features import (
    Representation,
    Spec,
    fit_transform,
    lexical_maker,
    maker_of,
    parse_features,
    require_making,
    unit_rows,
)
from spanset.features.array import ArrayFeatures, load_array
from spanset.features.rows import kernel_rows, rows_as_given
from spanset.kernels import kernel_settings
from spanset.memory import peak_bytes
from spanset.outputs import Outputs
from spanset.quality import TokenCounts, count_tokens, score
from spanset.results import Selection, StopReason
from spanset.similarity import choose_kernel
from spanset.stages import Watcher, stopwatch
from spanset.summary import SetSummary, require_fields, summarise
from spanset.verbs import select


@dataclass(frozen=True)
class Outcome:
    """A finished selection: rows, picks, their summary, and where they were written."""

    data: Dataset
    picks: Selection
    wanted: int | None
    kernel: dict[str, Any]
    summaries: list[SetSummary]
    tokens: TokenCounts
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return {
            "sets": [asdict(one) for one in self.summaries],
            "wanted": self.wanted,
            "picked": len(self.picks),
            "kernel": self.kernel,
            "stop_reason": self.picks.stop_reason.value,
            "last_gain": None if np.isnan(self.picks.gains[-1]) else self.picks.gains[-1],
            "tokens_counted_by": self.tokens.method,
            "malformed": len(self.data.bad),
            "empty": len(self.data.empty),
            "unrepresented": len(self.data.unrepresented),
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
    spec = parse_features(config.features.features, config.model.model)
    outputs = Outputs.plan(config.output)
    choice, timings = config.choice, {}
    stage = stopwatch(watcher, timings)

    with stage("read"):
        data = read_data(config.data, config.reading)
        sizes = row_counts(choice.k, len(data))
        names = outputs.names(data, sizes)
        outputs.refuse_inputs(names, input_paths(config, data))
        require_fields(data, config.output.by)
    with stage("represent"):
        represented, fitted = fit_transform(
            spec,
            data,
            seed=choice.seed,
            model=config.model,
            on_bad_row=config.reading.on_bad_row,
            watcher=watcher,
        )
        X, data = represented.X, represented.data
        require_rows(data, sizes)
        own_lengths = None if config.features.normalize else represented.lengths
        given = _given(config, fitted, X.shape[1])
    with stage("score"):
        tokens = count_tokens(data, config.quality.tokenizer)
        quality, transform = config.quality.quality, config.quality.transform
        log_q = score(data, quality, transform=transform, tokens=tokens) if quality else None
    with stage("select"):
        kernel = choose_kernel(
            config.features.kernel,
            config.features.gamma,
            [(X, own_lengths)],
            normalize=config.features.normalize,
            seed=choice.seed,
            workers=config.compute.workers,
            device=selection_device(config.model.device),
            watcher=watcher,
        )
        picks = select(
            X if own_lengths is None else kernel_rows(X, own_lengths, config.compute.dtype),
            k=sizes[-1] if sizes else None,
            quality=log_q,
            quality_weight=weight,
            tokens=budget,
            token_counts=tokens.total,
            method=choice.method,
            kernel=kernel.name,
            gamma=kernel_settings(kernel).get("gamma"),
            normalize=config.features.normalize,
            given=given,
            dtype=config.compute.dtype,
            device=selection_device(config.model.device),
            seed=choice.seed,
            workers=config.compute.workers,
            watcher=watcher,
        )
        if not len(picks):
            if picks.stop_reason is StopReason.INTERRUPTED:
                raise KeyboardInterrupt
            raise nothing_picked(picks.stop_reason)
        lengths = [min(size, len(picks)) for size in sizes or [len(picks)]]
    with stage("summarise"):
        summaries = summarise(
            data,
            X,
            picks,
            sorted(set(lengths)),
            kernel,
            tokens=tokens.total,
            given=given,
            by=config.output.by,
            draws=config.output.draws,
            seed=choice.seed,
            lengths=own_lengths,
        )
    used = {**kernel_settings(kernel), "normalize": config.features.normalize}
    with stage("write"):
        written = outputs.write(
            data,
            picks,
            dict(zip(names, lengths, strict=True)),
            config=config.table(),
            features=fitted.settings(),
            kernel=used,
            tokens=tokens,
            log_quality=log_q,
            seed=choice.seed,
            timings={**timings, "peak_bytes": peak_bytes()},
        )
    wanted = sizes[-1] if sizes else None
    peak = peak_bytes()
    return Outcome(data, picks, wanted, used, summaries, tokens, timings, peak, written)


def run_features(
    data: tuple[str, ...],
    reading: DataConfig,
    spec: Spec,
    model: ModelConfig,
    out: str,
    shard: str | None,
    seed: int,
    watcher: Watcher,
) -> None:
    """Run ``spanset features``: a store of features, more rows of one, or a shard of one."""
    from spanset.features.parts import in_store
    from spanset.features.shards import Shard
    from spanset.features.store_checks import refuse_place

    require_making(spec)
    part = None if shard is None else Shard.parse(shard)
    check_features(spec, model, seed)
    path = Path(out)
    refuse_place(path)
    stage = stopwatch(watcher, {})
    # A model that is not there is told before the data are read; words are counted in the data.
    maker = None
    if spec.kind != "lexical":
        maker = maker_of(spec, model, seed=seed, on_bad_row=reading.on_bad_row, watcher=watcher)
    with stage("read"):
        rows = read_data(data, reading)
    with stage("represent"):
        maker = maker or lexical_maker(rows, path, seed=seed, watcher=watcher)
        in_store(maker, rows, path, part)


def run_merge(out: str, watcher: Watcher) -> None:
    """Run ``spanset merge``: the shards beside `out` become one store."""
    from spanset.features.making import describe
    from spanset.features.shards import merge_shards

    watcher.note(f"merged: {describe(merge_shards(Path(out)))}")


def read_data(paths: tuple[str, ...], config: DataConfig) -> Dataset:
    """Read the inputs by the settings."""
    return read(
        paths,
        columns=column_names(config.columns),
        format=config.format,
        mapping=None if config.map is None else parse_mapping(config.map),
        on_bad_row=config.on_bad_row,
        on_empty=config.on_empty,
    )


def input_paths(config: SelectConfig, data: Dataset) -> list[str]:
    """Every file that the run reads."""
    spec = parse_features(config.features.features, config.model.model)
    more = (config.choice.given, spec.path)
    paths = (*(source.path for source in data.sources), *more)
    return [path for path in paths if path]


def require_rows(data: Dataset, sizes: list[int]) -> None:
    """Refuse more picks than rows that could be represented."""
    if sizes and sizes[-1] > len(data):
        raise DataError(
            f"{sizes[-1]:,} rows are wanted, only {len(data):,} could be represented",
            where="-k",
            why=f"{len(data.unrepresented):,} rows were left out, the first: "
            f"{data.unrepresented[0].reason}",
            fix=f"give -k {len(data)} or less, or raise --max-length",
        )


def selection_device(device: str) -> str:
    """Where the selection runs: on a CUDA device that is named, else on the host.

    ``auto`` stays on the host: that is exact to the last bit on every machine, and needs no torch.
    """
    return device if device.startswith("cuda") else "cpu"


def nothing_picked(reason: StopReason) -> SpansetError:
    """Error for a selection without picks."""
    fixes = {
        StopReason.TOKEN_BUDGET: "the best row alone exceeds the budget: raise --tokens, or lower "
        "--lambda if quality prefers long rows",
        StopReason.EXHAUSTED: "check --given: it seems to hold all of the data already",
        StopReason.RANK_EXHAUSTED: "--given leaves nothing for this kernel to tell apart: "
        "use --kernel rbf, or fewer given rows",
    }
    return SpansetError(
        "nothing was picked", where="select", why=reason.value, fix=fixes.get(reason, "check -k")
    )


def _given(
    config: SelectConfig, fitted: Representation, dimension: int
) -> npt.NDArray[np.floating[Any]] | None:
    """Features of the rows that are there already, represented as the data are."""
    path = config.choice.given
    if path is None:
        return None
    if isinstance(fitted, ArrayFeatures):
        given = load_array(path)
        if given.shape[1] != dimension:
            raise DataError(
                f"{given.shape[1]} columns, the features have {dimension}",
                where=f"--given {path}",
                fix="represent both in the same way",
            )
        if not config.features.normalize:
            return rows_as_given(given, config.compute.dtype, where=path)
        return unit_rows(given, np.float32, where=path)
    made = fitted.transform(read_data((path,), config.reading))
    if config.features.normalize or made.lengths is None:
        return made.X
    return kernel_rows(made.X, made.lengths, config.compute.dtype, where=path)
