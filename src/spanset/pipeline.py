"""A selection from end to end: read, represent, score, select, summarise, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spanset.amounts import row_counts, token_count
from spanset.checks import check_select
from spanset.config import SelectConfig
from spanset.data import Dataset
from spanset.data.conversion import what_is_lost
from spanset.errors import DataError, SpansetError
from spanset.features import fit_transform, parse_features
from spanset.features.rows import kernel_rows
from spanset.given import Given
from spanset.kernels import kernel_settings
from spanset.memory import peak_bytes
from spanset.outputs import Outputs
from spanset.quality import TokenCounts, count_tokens
from spanset.reading import input_paths, read_data
from spanset.results import Selection, StopReason
from spanset.scoring import scored_rows
from spanset.similarity import choose_kernel, usual_gamma
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
        for line in what_is_lost(data) if config.output.to else ():
            watcher.note(line)
        given_rows = Given.read(choice.given, spec, config.reading)
    with stage("represent"):
        represented, fitted = fit_transform(
            spec,
            data,
            seed=choice.seed,
            model=config.model,
            on_bad_row=config.reading.on_bad_row,
            watcher=watcher,
        )
        given = None
        if given_rows is not None:
            columns, normalize = represented.X.shape[1], config.features.normalize
            dtype = config.compute.dtype
            given = given_rows.features(fitted, columns, normalize=normalize, dtype=dtype)
    with stage("score"):
        rated = None
        if config.quality.quality:
            represented, rated = scored_rows(
                represented,
                fitted,
                config.quality.quality,
                transform=config.quality.transform,
                tokenizer=config.quality.tokenizer,
                model=config.model,
                seed=choice.seed,
                on_bad_row=config.reading.on_bad_row,
                watcher=watcher,
            )
        X, data = represented.X, represented.data
        require_rows(data, sizes)
        own_lengths = None if config.features.normalize else represented.lengths
        tokens = rated.tokens if rated is not None else None
        tokens = tokens or count_tokens(data, config.quality.tokenizer)
        log_q = None if rated is None else rated.log_quality
    with stage("select"):
        features = config.features
        kernel = choose_kernel(
            features.kernel,
            usual_gamma(features.kernel, features.gamma, fitted.settings()["kind"]),
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
            quality=None if rated is None else {**rated.settings, "lambda": weight},
            seed=choice.seed,
            timings={**timings, "peak_bytes": peak_bytes()},
        )
    wanted = sizes[-1] if sizes else None
    peak = peak_bytes()
    return Outcome(data, picks, wanted, used, summaries, tokens, timings, peak, written)


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
