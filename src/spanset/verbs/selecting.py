"""The verb `select`: choose rows of a data set, or of features."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spanset.amounts import row_counts
from spanset.config import ModelConfig
from spanset.data.dataset import Dataset
from spanset.errors import UsageError
from spanset.features import Representation, Represented, fit_transform, parse_features, unit_rows
from spanset.features.rows import kernel_rows, rows_as_given
from spanset.greedy import TokenBudget
from spanset.greedy.exhaustion import room_left
from spanset.greedy.rules import check_weight, checked_quality
from spanset.kernels import make_kernel
from spanset.memory import greedy_bytes, require_memory
from spanset.quality import count_tokens
from spanset.results import FloatArray, IntArray, Selection
from spanset.scoring import scored_rows
from spanset.selectors import Request, require_conditional, selector
from spanset.similarity import check_kernel, choose_kernel, usual_gamma
from spanset.stages import SILENT, Watcher
from spanset.verbs.arguments import Array, matrix

DEFAULT_WEIGHT = 0.1  # lambda when a quality is given: the best in Wang et al. (2024)


def select(
    data: Dataset | Array,
    *,
    k: int | float | str | None = None,
    features: str = "lexical",
    quality: str | FloatArray | None = None,
    quality_weight: float | None = None,
    transform: str | None = None,
    tokenizer: str | None = None,
    tokens: int | None = None,
    token_counts: IntArray | None = None,
    method: str = "dpp",
    kernel: str = "rbf",
    gamma: float | str | None = None,
    normalize: bool = True,
    given: Dataset | Array | None = None,
    dtype: str = "float64",
    seed: int = 0,
    workers: int = 0,
    model: ModelConfig | str | None = None,
    device: str = "cpu",
    watcher: Watcher = SILENT,
) -> Selection:
    """Choose rows: diverse, and good where a quality is given.

    Parameters
    ----------
    data : Dataset or (N, d) array
        Rows, or their features.
    k : int, float or str, optional
        Picks: a count, or a share of the rows (0.1, ``"10%"``); all rows by default, where
        `tokens` is given.
    features : str
        How rows of a data set are represented.
    quality : str or (N,) array, optional
        Name of a score of a data set's rows (see `score`), or log quality itself.
    quality_weight : float, optional
        Lambda, the share of quality in the score, in [0, 1]; 0.1 when a quality is given.
    transform, tokenizer : str, optional
        As for `score`.
    tokens : int, optional
        Token budget: the longest prefix of the order within it.
    token_counts : (N,) int64, optional
        Tokens of each row, where `data` is an array.
    method : {"dpp", "random", "top"}
        How to choose.
    kernel : {"rbf", "cosine", "linear", "arccos0", "arccos1"}
        Similarity of rows.
    gamma : float or str, optional
        Of the rbf kernel, by default 0.25; ``"auto:1000"`` finds the one at which 1,000 picks have
        a gain of at least e^-7.
    normalize : bool
        Whether directions alone are compared, or features with their lengths.
    given : Dataset or (g, d) array, optional
        Rows in the set already, never picked (``dpp`` only).
    dtype : {"float64", "float32"}
        To compute in.
    seed, workers : int
        Of random draws; threads (0: all processors).
    model : ModelConfig or str, optional
        How rows go through a model, where `features` or `quality` needs one; or its name.
    device : str
        Where the greedy engine runs: ``cpu``, or a CUDA device.
    watcher : Watcher
        Told of progress; asked whether to stop.

    Returns
    -------
    Selection
        Picks in order, none where the first exceeds the token budget; every prefix is the
        selection for a smaller k.
    """
    check_kernel(kernel, gamma, dtype)
    choose = selector(method)
    model = ModelConfig(model=model) if isinstance(model, str) else model
    if given is not None:
        require_conditional(method)
    if isinstance(data, Dataset):
        spec = parse_features(features)
        made, fitted = fit_transform(spec, data, seed=seed, model=model, watcher=watcher)
        if quality is not None:
            rating = _Rating(quality, transform, tokenizer, model, seed, watcher)
            made, quality = rating.scored(data, made, fitted)
        gamma = usual_gamma(kernel, gamma, fitted.settings()["kind"])
        if tokens is not None:
            token_counts = _token_counts(data, token_counts, tokenizer)[made.kept]
        if k not in (None, ""):  # a share is one of the rows that were given
            k = max(row_counts([k], len(data)), default=0)
        if isinstance(given, Dataset):
            given = _compared(fitted.transform(given), normalize, dtype)
        picks = select(
            _compared(made, normalize, dtype),
            k=k,
            quality=quality,
            quality_weight=quality_weight,
            tokens=tokens,
            token_counts=token_counts,
            method=method,
            kernel=kernel,
            gamma=gamma,
            normalize=normalize,
            given=given,
            dtype=dtype,
            seed=seed,
            workers=workers,
            device=device,
            watcher=watcher,
        )
        return replace(picks, order=made.kept[picks.order])
    X = matrix(data, "features")
    log_quality = _check_arrays(X, k, quality, given, tokens, token_counts)

    budget = None
    wanted = len(X) if k is None else max(row_counts([k], len(X)), default=0)
    if tokens is not None and token_counts is not None:
        budget = TokenBudget(np.asarray(token_counts), tokens)
    as_compared = unit_rows if normalize else rows_as_given
    if given is not None:
        given = as_compared(np.asarray(given), dtype, where="given")
    weight = resolved_weight(quality_weight, has_quality=quality is not None)
    if method == "dpp" and device == "cpu":  # a GPU looks at its own memory
        likely = wanted if budget is None else min(wanted, budget.likely_rows)
        g = 0 if given is None else len(given)
        likely = min(likely, room_left(make_kernel(kernel), X, g))
        needed = greedy_bytes(len(X), likely, X.shape[1], dtype, g)
        require_memory(needed, len(X), likely, dtype)
    X = as_compared(X, dtype)
    similarity = choose_kernel(
        kernel,
        gamma,
        [(X, None)],
        normalize=normalize,
        seed=seed,
        workers=workers,
        device=device,
        watcher=watcher,
    )
    return choose(
        Request(
            X,
            wanted,
            log_quality,
            weight,
            given,
            budget,
            similarity,
            seed,
            workers,
            device,
            watcher.progress,
            watcher.cancelled,
        )
    )


def _compared(made: Represented, normalize: bool, dtype: str) -> Array:
    """Features as they are compared: unit rows, or rows at their lengths."""
    return made.X if normalize else kernel_rows(made.X, made.lengths, dtype)


@dataclass(frozen=True)
class _Rating:
    """A quality, with what it takes."""

    quality: str | FloatArray
    transform: str | None
    tokenizer: str | None
    model: ModelConfig | None
    seed: int
    watcher: Watcher

    def scored(
        self, data: Dataset, made: Represented, fitted: Representation
    ) -> tuple[Represented, FloatArray]:
        """The rows that can be scored, and their log quality."""
        if not isinstance(self.quality, str):
            return made, checked_quality(self.quality, len(data))[made.kept]
        made, rated = scored_rows(
            made,
            fitted,
            self.quality,
            transform=self.transform,
            tokenizer=self.tokenizer,
            model=self.model,
            seed=self.seed,
            watcher=self.watcher,
        )
        return made, rated.log_quality


def _token_counts(data: Dataset, counts: IntArray | None, tokenizer: str | None) -> IntArray:
    if counts is None:
        counts = count_tokens(data, tokenizer).total
    _check_token_counts(counts, len(data))
    return np.asarray(counts)


def resolved_weight(quality_weight: float | None, *, has_quality: bool) -> float:
    """Lambda: as given, else 0.1 with a quality and 0 without; checked."""
    if quality_weight is None:
        return DEFAULT_WEIGHT if has_quality else 0.0
    check_weight(quality_weight, has_quality=has_quality)
    return quality_weight


def _check_arrays(
    X: Array,
    k: object,
    quality: str | FloatArray | None,
    given: object,
    tokens: int | None,
    token_counts: IntArray | None,
) -> FloatArray | None:
    """Refuse arguments that do not go together; the log quality."""
    if k in (None, "") and tokens is None:
        raise UsageError("neither k nor tokens is given", where="k", fix="say how much to pick")
    if isinstance(quality, str) or isinstance(given, Dataset):
        raise UsageError(
            "features alone have no rows to score or to compare with",
            where="quality or given",
            fix="give a log quality per row, and features of the given rows, as arrays",
        )
    if tokens is not None:
        _check_token_counts(token_counts, len(X))
    if given is not None:
        matrix(given, "given", X.shape[1])
    return None if quality is None else checked_quality(quality, len(X))


def _check_token_counts(token_counts: IntArray | None, rows: int) -> None:
    if token_counts is None or len(token_counts) != rows:
        raise UsageError(
            "a token budget needs the tokens of each row",
            where="token_counts",
            why="it is missing" if token_counts is None else f"it has {len(token_counts)} entries",
            fix=f"give {rows} counts",
        )
