"""Quality of a row by the name of a score, as log quality."""

from __future__ import annotations

from dataclasses import dataclass

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.features.specs import Spec
from spanset.quality.column_values import column_values
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.model_scores import MODEL_SCORES, model_quality, no_model
from spanset.quality.orient import log_quality
from spanset.quality.target_similarity import TARGET_SCORES
from spanset.sketches.kinds import check_sketch

LENGTHS = ("output_tokens", "input_tokens", "total_tokens")


def score(
    data: Dataset,
    quality: str,
    *,
    transform: str | None = None,
    tokenizer: str | None = None,
    tokens: TokenCounts | None = None,
    model: ModelConfig | str | None = None,
    watcher: Watcher = SILENT,
) -> FloatArray:
    """Log quality of every row, higher is better.

    Parameters
    ----------
    data : Dataset
        N rows.
    quality : str
        ``output_tokens``, ``input_tokens``, ``total_tokens``, ``column:NAME`` or
        ``column:NAME:down`` (lower is better); or a score of a language model, such as
        ``perplexity`` (see `model_scores`).
    transform : str, optional
        From the score to log quality: log, identity, rank or quantile (see `log_quality`); by
        default log, or identity for scores that are logarithms already.
    tokenizer : str, optional
        Counts the tokens; by default they are estimated.
    tokens : TokenCounts, optional
        Counts at hand already.
    model : ModelConfig or str, optional
        The model of such a score, and how rows go through it; or its name.
    watcher : Watcher
        Told of progress.

    Returns
    -------
    (N,) float64
        Log quality.

    Raises
    ------
    DataError
        A row that cannot be scored, among others.
    """
    require_dataset(data)
    if quality in MODEL_SCORES:
        return _of_model(data, quality, transform, model, watcher)
    if quality in LENGTHS:
        tokens = tokens or count_tokens(data, tokenizer)
    return raw_scores(data, quality, tokens).log_quality(transform, data.ids)


@dataclass(frozen=True)
class RawScores:
    """Scores as they stand, in their own unit.

    Attributes
    ----------
    values : (N,) float64
        Of every row.
    up : bool
        Whether higher is better.
    name : str
        For messages.
    """

    values: FloatArray
    up: bool
    name: str

    def log_quality(self, transform: str | None, rows: IntArray) -> FloatArray:
        """Log quality (N,) of the rows with these numbers."""
        how = transform or "log"
        return log_quality(self.values, up=self.up, transform=how, name=self.name, rows=rows)


def raw_scores(data: Dataset, quality: str, tokens: TokenCounts | None) -> RawScores:
    """Scores that need no model.

    Parameters
    ----------
    tokens : TokenCounts or None
        Counts, where the quality is one of `LENGTHS`.

    Raises
    ------
    DataError, UsageError
        A row without a number in the column; no such quality.
    """
    if quality in LENGTHS and tokens is not None:
        kind = quality.removesuffix("_tokens")
        values = {"output": tokens.output, "input": tokens.input, "total": tokens.total}[kind]
        return RawScores(values.astype(float), up=True, name=quality)
    if quality in TARGET_SCORES:
        raise UsageError(
            "nearness to a target is scored beside features",
            where="quality",
            fix="use select(data, quality='target', target=rows)",
        )
    column, up = column_of(quality)
    if column is None:
        raise unknown_quality(quality)
    return RawScores(column_values(data, column), up=up, name=f"column {column!r}")


def column_of(quality: str) -> tuple[str | None, bool]:
    """Column that ``column:NAME[:up|:down]`` names, if any, and whether higher is better."""
    kind, _, column = quality.partition(":")
    if kind != "column" or not column:
        return None, True
    name, mark, direction = column.rpartition(":")
    if mark and direction in ("up", "down"):
        return name, direction == "up"
    return column, True


def _of_model(
    data: Dataset,
    quality: str,
    transform: str | None,
    model: ModelConfig | str | None,
    watcher: Watcher,
) -> FloatArray:
    from spanset.quality.score_sources import ModelScores

    config = ModelConfig(model=model) if isinstance(model, str) else model or ModelConfig()
    with watcher.stage("score"):
        values, scored = ModelScores.beside(None, config, watcher=watcher).score(data, quality)
    if len(values) < len(data):
        left_out = scored.data.unrepresented[len(data.unrepresented) :]
        raise DataError(
            f"{len(data) - len(values):,} of {len(data):,} rows cannot be scored",
            where=f"{left_out[0].source}:{left_out[0].line}",
            why=left_out[0].reason,
            fix="leave them out: data.without(rows, reasons); `select` does so itself",
        )
    return model_quality(quality, values, data.ids, transform)


def check_quality(quality: str | None, spec: Spec, model: ModelConfig) -> None:
    """Refuse a score that is not known, or whose model is not named, before any work.

    Parameters
    ----------
    spec : Spec
        Of the features: their language model scores rows, too.

    Raises
    ------
    UsageError
        No such score, no model, or settings that say two things.
    """
    if quality is None:
        return
    require_known_quality(quality)
    if quality not in MODEL_SCORES:
        return
    is_by_model = model.model is not None or spec.takes_model
    if not is_by_model and spec.kind != "store":
        raise no_model(quality)
    if is_by_model and MODEL_SCORES[quality].from_gradients:
        check_sketch(model.sketch, model.rank, model.dimension)
    if spec.kind == "sentence" and model.revision is not None:
        raise UsageError(
            "one revision is given for two models",
            where="--revision",
            why=f"--features {spec} and --model {model.model} may both come from the hub",
            fix="leave it out, or load the model of that revision into a folder and name that",
        )


def require_known_quality(quality: str) -> None:
    """Refuse a name that is no quality."""
    known = quality in LENGTHS or quality in MODEL_SCORES or quality in TARGET_SCORES
    if not known and column_of(quality)[0] is None:
        raise unknown_quality(quality)


def unknown_quality(quality: str) -> UsageError:
    """Error for a name that is no quality."""
    return UsageError(
        f"no quality {quality!r}",
        where="--quality",
        fix=f"use {', '.join([*LENGTHS, *MODEL_SCORES])}, target, column:NAME or column:NAME:down",
    )
