"""`spanset select`: read, represent, score, select, summarise, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spanset.base.errors import DataError, SpansetError
from spanset.base.memory import peak_bytes
from spanset.base.short_names import short_names
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.given import Given
from spanset.config.amounts import check_amounts, refuse_negative, row_counts, token_count
from spanset.config.settings import SelectConfig
from spanset.data.containers.inputs import refuse_second_stdin
from spanset.data.conversion import what_is_lost
from spanset.data.dataset import Dataset
from spanset.data.reader import check_reading, read_data
from spanset.data.remarks import remark_lines
from spanset.diversity.matched import MeasuredData
from spanset.diversity.repeats import Repeats, repeats_between
from spanset.features.representations import Representation, check_representation, fit_transform
from spanset.features.specs import Spec, parse_features
from spanset.greedy.budget import TokenBudget
from spanset.greedy.kernel_choice import check_kernel
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.choice import kernel_settings
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.model_scores import MODEL_SCORES
from spanset.quality.scored_rows import RowQuality, scored_rows
from spanset.quality.scores import check_quality
from spanset.runs.diagnosis import diagnose
from spanset.runs.finished import FinishedRun
from spanset.runs.outputs import Outputs
from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.summary import SetSummary, require_fields, summarise
from spanset.selectors.choosing import Candidates, Choosing, Matrix, choose_rows, resolved_weight
from spanset.selectors.methods import check_method
from spanset.stores.represented import Represented


@dataclass(frozen=True)
class Outcome:
    """A finished selection: what was chosen, its summary, and where it was written."""

    run: FinishedRun
    wanted: int | None
    summaries: list[SetSummary]
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]
    repeats: Repeats | None = None

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        data, picks = self.run.data, self.run.picks
        return {
            "sets": [asdict(one) for one in self.summaries],
            "repeats": None if self.repeats is None else self.repeats.record(),
            "diagnosis": [sign.record() for sign in self.run.diagnosis],
            "wanted": self.wanted,
            "picked": len(picks),
            "kernel": self.run.kernel,
            "stop_reason": picks.stop_reason.value,
            "last_gain": None if np.isnan(picks.gains[-1]) else picks.gains[-1],
            "tokens_counted_by": self.run.tokens.method,
            "malformed": len(data.bad),
            "empty": len(data.empty),
            "unrepresented": len(data.unrepresented),
            "remarks": remark_lines(data),
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
    task = SelectionTask.check(config)
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    with stage("read"):
        data, sizes, names = task.read()
        for line in what_is_lost(data) if config.output.to else ():
            watcher.note(line)
        given_rows = Given.read(config.choice.given, task.spec, config.reading)
    with stage("represent"):
        made, fitted = task.represented(data, watcher)
        given = None if given_rows is None else task.given(given_rows, made, fitted)
    with stage("score"):
        made, rated = task.rated(made, fitted, watcher)
        require_rows(made.data, sizes)
        tokens = rated.tokens or count_tokens(made.data, config.quality.tokenizer)
    with stage("select"):
        candidates = task.candidates(made, fitted, rated, tokens, given)
        k = sizes[-1] if sizes else len(made.X)
        picks, kernel = choose_rows(candidates, k, task.choosing, watcher=watcher)
        require_picks(picks)
    lengths = [min(size, len(picks)) for size in sizes or [len(picks)]]
    with stage("summarise"):
        summaries = summarise(
            made.data,
            made.X,
            picks,
            sorted(set(lengths)),
            kernel,
            tokens=tokens.total,
            given=given,
            by=config.output.by,
            scores=rated.scores,
            draws=config.output.draws,
            seed=config.choice.seed,
            lengths=candidates.lengths,
        )
        repeats = repeats_between(_inputs(made), seed=config.choice.seed)
        diagnosis = diagnose(
            FinishedCase(
                made.X,
                picks,
                kernel,
                summaries,
                tokens.total,
                fitted.settings(),
                rated.log_quality,
                task.weight,
                candidates.lengths,
                given,
                is_budgeted=candidates.budget is not None,
                device=config.model.selection_device,
                seed=config.choice.seed,
            )
        )
    run = FinishedRun(
        made.data,
        picks,
        tokens,
        config=config.table(),
        features=fitted.settings(),
        kernel={**kernel_settings(kernel), "normalize": config.features.normalize},
        seed=config.choice.seed,
        log_quality=rated.log_quality,
        quality=rated.settings and {**rated.settings, "lambda": task.weight},
        diagnosis=diagnosis,
    )
    with stage("write"):
        subsets = dict(zip(names, lengths, strict=True))
        written = task.outputs.write(run, subsets, {**timings, "peak_bytes": peak_bytes()})
    wanted = sizes[-1] if sizes else None
    return Outcome(run, wanted, summaries, timings, peak_bytes(), written, repeats)


def _inputs(made: Represented) -> list[MeasuredData]:
    """Features and rows of each input, by short names; without inputs of which no row is left."""
    data = made.data
    names = short_names([source.name for source in data.sources])
    rows = [np.flatnonzero(data.source == number) for number in range(len(names))]
    return [
        MeasuredData(name, made.X[own], data[own])
        for name, own in zip(names, rows, strict=True)
        if len(own)
    ]


@dataclass(frozen=True)
class SelectionTask:
    """What a selection is asked for, checked: the stages of `run_select`, by its settings.

    Attributes
    ----------
    config : SelectConfig
        All settings.
    spec : Spec
        What rows are compared by.
    weight : float
        Lambda.
    outputs : Outputs
        Where rows go.
    """

    config: SelectConfig
    spec: Spec
    weight: float
    outputs: Outputs

    @classmethod
    def check(cls, config: SelectConfig) -> SelectionTask:
        """Refuse what is wrong without a look at the data: each room checks its own settings."""
        choice, quality, features = config.choice, config.quality, config.features
        check_amounts(choice.k, choice.tokens)
        check_kernel(features.kernel, features.gamma, config.compute.dtype)
        refuse_negative(
            ("--seed", choice.seed),
            ("--draws", config.output.draws),
            ("--workers", config.compute.workers),
        )
        spec = parse_features(features.features, config.model.model)
        check_quality(quality.quality, spec, config.model)
        is_scored = quality.quality in MODEL_SCORES
        check_representation(spec, config.model, scores=is_scored)
        check_reading(config.reading)
        has_quality = quality.quality is not None
        check_method(choice.method, has_given=choice.given is not None, has_quality=has_quality)
        refuse_second_stdin((*config.data, choice.given), "--given")
        weight = resolved_weight(quality.quality_weight, has_quality=has_quality)
        return cls(config, spec, weight, Outputs.plan(config.output))

    def read(self) -> tuple[Dataset, list[int], list[str]]:
        """The rows, how many are to be picked, and the names of the subsets' files."""
        data = read_data(self.config.data, self.config.reading)
        sizes = row_counts(self.config.choice.k, len(data))
        names = self.outputs.names(data, sizes)
        more = (self.config.choice.given, self.spec.path)
        inputs = (*(source.path for source in data.sources), *more)
        self.outputs.refuse_inputs(names, [path for path in inputs if path])
        require_fields(data, self.config.output.by)
        return data, sizes, names

    def represented(self, data: Dataset, watcher: Watcher) -> tuple[Represented, Representation]:
        """Features of the rows that have some."""
        return fit_transform(
            self.spec,
            data,
            seed=self.config.choice.seed,
            model=self.config.model,
            on_bad_row=self.config.reading.on_bad_row,
            watcher=watcher,
        )

    def given(self, rows: Given, made: Represented, fitted: Representation) -> Matrix:
        """Features of the rows that are in the set already."""
        return rows.features(
            fitted,
            made.X.shape[1],
            normalize=self.config.features.normalize,
            dtype=self.config.compute.dtype,
        )

    def rated(
        self, made: Represented, fitted: Representation, watcher: Watcher
    ) -> tuple[Represented, RowQuality]:
        """The rows that can be scored, and their quality; all of them, where there is none."""
        if self.config.quality.quality is None:
            return made, RowQuality()
        return scored_rows(
            made,
            fitted,
            self.config.quality.quality,
            transform=self.config.quality.transform,
            tokenizer=self.config.quality.tokenizer,
            model=self.config.model,
            seed=self.config.choice.seed,
            on_bad_row=self.config.reading.on_bad_row,
            watcher=watcher,
        )

    def candidates(
        self,
        made: Represented,
        fitted: Representation,
        rated: RowQuality,
        tokens: TokenCounts,
        given: Matrix | None,
    ) -> Candidates:
        """What there is to choose from."""
        limit = self.config.choice.tokens
        return Candidates(
            made.X,
            fitted.settings()["kind"],
            None if self.config.features.normalize else made.lengths,
            rated.log_quality,
            given,
            None if limit is None else TokenBudget(tokens.total, token_count(limit)),
        )

    @property
    def choosing(self) -> Choosing:
        """How rows are chosen."""
        return Choosing(
            self.config.choice.method,
            self.weight,
            self.config.features.kernel,
            self.config.features.gamma,
            self.config.features.normalize,
            self.config.compute.dtype,
            self.config.choice.seed,
            self.config.compute.workers,
            self.config.model.selection_device,
        )


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


def require_picks(picks: Selection) -> None:
    """Refuse a selection without picks, with what to change."""
    if len(picks):
        return
    reason = picks.stop_reason
    if reason is StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    fixes = {
        StopReason.TOKEN_BUDGET: "the best row alone exceeds the budget: raise --tokens, or lower "
        "--lambda if quality prefers long rows",
        StopReason.EXHAUSTED: "check --given: it seems to hold all of the data already",
        StopReason.RANK_EXHAUSTED: "--given leaves nothing for this kernel to tell apart: "
        "use --kernel rbf, or fewer given rows",
    }
    raise SpansetError(
        "nothing was picked", where="select", why=reason.value, fix=fixes.get(reason, "check -k")
    )
