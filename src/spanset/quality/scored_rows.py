"""Quality of rows that have features; rows that cannot be scored leave with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.features.representations import Representation
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.model_scores import MODEL_SCORES, model_quality
from spanset.quality.scores import RawScores, raw_scores
from spanset.quality.target_similarity import TARGET_SCORES, target_similarity
from spanset.stores.represented import Represented


@dataclass(frozen=True)
class RowQuality:
    """Quality of rows.

    Attributes
    ----------
    log_quality : (n,) float64 or None
        Higher is better; None where rows are not scored.
    values : (n,) float64 or None
        The score itself, in its own unit and direction.
    settings : dict or None
        What it is, for a manifest.
    tokens : TokenCounts or None
        Counts, where they had to be taken.
    """

    log_quality: FloatArray | None = None
    values: FloatArray | None = None
    settings: dict[str, Any] | None = None
    tokens: TokenCounts | None = None

    @property
    def scores(self) -> dict[str, FloatArray]:
        """Name of the score to its values; empty where rows are not scored."""
        if self.settings is None or self.values is None:
            return {}
        return {self.settings["name"]: self.values}


def scored_rows(
    made: Represented,
    fitted: Representation,
    quality: str,
    *,
    transform: str | None = None,
    tokenizer: str | None = None,
    model: ModelConfig | None = None,
    target: npt.NDArray[np.floating[Any]] | None = None,
    seed: int = 0,
    on_bad_row: str = "stop",
    watcher: Watcher = SILENT,
) -> tuple[Represented, RowQuality]:
    """Features of the rows that can be scored, and their log quality.

    Parameters
    ----------
    made, fitted
        Features, and what made them.
    quality, transform, tokenizer
        As for `scores.score`.
    model : ModelConfig, optional
        Names the model of a score that needs one, where the features name none.
    target : (t, d), optional
        Features of the target's rows, where rows are scored by them.

    Returns
    -------
    Represented, RowQuality
    """
    settings: dict[str, Any] = {"name": quality}
    if quality in TARGET_SCORES and target is not None:
        values = target_similarity(made.X, target, quality)
        settings["transform"] = transform or "standard"
        raw = RawScores(values, up=True, name="nearness to the target")
        return made, RowQuality(
            raw.log_quality(settings["transform"], made.data.ids), values, settings
        )
    if quality not in MODEL_SCORES:
        tokens = count_tokens(made.data, tokenizer) if quality.endswith("_tokens") else None
        raw = raw_scores(made.data, quality, tokens)
        found = raw.log_quality(transform, made.data.ids)
        settings["transform"] = transform or "log"
        return made, RowQuality(found, raw.values, settings, tokens)
    from spanset.quality.score_sources import ModelScores

    sources = ModelScores.beside(
        fitted, model or ModelConfig(), seed=seed, on_bad_row=on_bad_row, watcher=watcher
    )
    values, scored = sources.score(made.data, quality)
    found = model_quality(quality, values, scored.data.ids, transform)
    transform = transform or MODEL_SCORES[quality].transform
    settings |= {"transform": transform, "model": sources.model_settings()}
    return made.only(scored), RowQuality(found, values, settings)
