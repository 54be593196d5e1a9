"""The verb `select`: choose rows of a data set, or of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows
from spanset.commands.choice_checks import check_numbers
from spanset.commands.verbs.arguments import Array, matrix
from spanset.config.amounts import row_counts
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.representations import Representation, fit_transform
from spanset.features.specs import parse_features
from spanset.greedy.budget import TokenBudget
from spanset.greedy.enough import LEAST_GAIN, Enough
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.kernel_choice import check_kernel
from spanset.greedy.rules import checked_quality
from spanset.greedy.selection import Selection
from spanset.quality.lengths import count_tokens
from spanset.quality.scored_rows import scored_rows
from spanset.quality.target_similarity import TARGET_SCORES
from spanset.selectors.choosing import Candidates, Choosing, choose_rows, resolved_weight
from spanset.selectors.dedup import Deduplicated
from spanset.selectors.methods import check_method
from spanset.selectors.value_shares import parse_shares, quotas_of
from spanset.stores.represented import Represented


def select(
    data: Dataset | Array,
    *,
    k: int | float | str | None = None,
    features: str = "static",
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
    target: Dataset | Array | None = None,
    shares: Sequence[str] = (),
    keep: Sequence[int] | IntArray = (),
    threshold: float | None = None,
    clusters: int | None = None,
    least_gain: float = LEAST_GAIN,
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
        Picks: a count, a share of the rows (0.1, ``"10%"``), or ``"auto"``: as many as there are
        before a row adds little. By default all rows, where `tokens` is given or the method knows
        by itself which to leave out.
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
    method : str
        How to choose: dpp, random, top, dedup, kcenter, facility, kmeans, semdedup, deita,
        projection or target (docs/methods.md).
    kernel : {"rbf", "cosine", "linear", "arccos0", "arccos1"}
        Similarity of rows.
    gamma : float or str, optional
        Of the rbf kernel, by default 0.25; ``"auto:1000"`` finds the one at which 1,000 picks have
        a gain of at least e^-7.
    normalize : bool
        Whether directions alone are compared, or features with their lengths.
    given : Dataset or (g, d) array, optional
        Rows in the set already, never picked (not every method heeds them).
    target : Dataset or (t, d) array, optional
        Rows like those that the model shall be good at, for the quality ``"target"`` and the
        methods target and projection. Their copies are not left out of `data` here.
    shares : sequence of str, optional
        Bounds on the picks of a data set by a field's values: ``["topic:code=20%..40%"]``.
    keep : sequence of int, optional
        Positions of rows that have to be picked: they come first.
    threshold : float, optional
        Cosine from which two rows are the same, for the methods that have one.
    clusters : int, optional
        Of the methods that make clusters.
    least_gain : float
        Where ``k="auto"`` ends: share of what the first rows add.
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
        selection for a smaller k, where the method is nested. Of ``dedup`` a `Deduplicated`, which
        tells what stands for each row, and gives the choice by another threshold.
    """
    check_kernel(kernel, gamma, dtype)
    options = {
        "given": given is not None,
        "quality": quality is not None,
        "lambda": quality_weight is not None,
        "target": target is not None and not _is_target(quality),
        "threshold": threshold is not None,
        "clusters": clusters is not None,
        "shares": len(shares) > 0,
        "keep": len(keep) > 0,
        "lengths": not normalize,
        "auto": k == "auto",
    }
    known = check_method(method, {name for name, is_given in options.items() if is_given})
    check_numbers(threshold, None, least_gain, clusters)
    _check_beside(data, k, shares, target)
    weight = resolved_weight(quality_weight, has_quality=quality is not None)
    how = Choosing(
        method,
        weight,
        kernel,
        gamma,
        normalize,
        dtype,
        seed,
        workers,
        device,
        threshold,
        clusters,
        Enough(least_gain) if k == "auto" else None,
    )
    if k == "auto" or (k in (None, "") and known.may_lack_k):
        k = 1.0
    kept = _row_positions(keep, len(data))
    if not isinstance(data, Dataset):
        candidates = _of_features(data, k, quality, given, tokens, token_counts)
        target = None if target is None else matrix(target, "target", candidates.X.shape[1])
        candidates = replace(candidates, target=target, kept=kept)
        return choose_rows(candidates, _wanted(k, len(candidates.X)), how, watcher=watcher)[0]
    model = ModelConfig(model=model) if isinstance(model, str) else model
    made, fitted = fit_transform(
        parse_features(features), data, seed=seed, model=model, watcher=watcher
    )
    if isinstance(target, Dataset):
        target = fitted.transform(target).X
    elif target is not None:
        target = matrix(target, "target", made.X.shape[1])
    log_quality = None
    if quality is not None:
        rating = _Rating(quality, transform, tokenizer, model, target, seed, watcher)
        made, log_quality = rating.scored(data, made, fitted)
    if tokens is not None:
        token_counts = _token_counts(data, token_counts, tokenizer)[made.kept]
    if isinstance(given, Dataset):
        given = _compared(fitted.transform(given), normalize, dtype)
    # A share is one of the rows that were given.
    k = None if k in (None, "") else _wanted(k, len(data))
    wanted = min(_wanted(k, len(made.X)), len(made.X))
    candidates = _of_features(made.X, k, log_quality, given, tokens, token_counts)
    candidates = replace(
        candidates,
        kind=fitted.settings()["kind"],
        lengths=None if normalize else made.lengths,
        quotas=quotas_of(parse_shares(shares), made.data, wanted) if shares else None,
        target=target,
        kept=_places(made, kept),
    )
    picks, _ = choose_rows(candidates, wanted, how, watcher=watcher)
    if isinstance(picks, Deduplicated):
        return picks.of_more(made.kept, len(data))
    return replace(picks, order=made.kept[picks.order])


def _check_beside(
    data: object, k: int | float | str | None, shares: Sequence[str], target: object
) -> None:
    """Refuse shares and a target that do not go with the rows or features."""
    if len(shares) and k in (None, "", "auto"):
        raise UsageError(
            "shares are of a number of rows, and none is given", where="shares", fix="give k"
        )
    if isinstance(data, Dataset):
        return
    if len(shares):
        raise UsageError("features have no fields", where="shares", fix="give a data set")
    if isinstance(target, Dataset):
        raise UsageError(
            "rows cannot be compared with features alone",
            where="target",
            fix="give the target's features as an array, or a data set for both",
        )


def _row_positions(keep: Sequence[int] | IntArray, rows: int) -> IntArray:
    """Rows that have to be picked, refused where they are no positions of that many rows."""
    kept = np.asarray(keep) if len(keep) else NO_ROWS
    fix = f"give positions from 0 to {rows - 1}, each once"
    if kept.ndim != 1 or kept.dtype.kind not in "iu":
        raise UsageError("these are no positions of rows", where="keep", fix=fix)
    wrong = kept[(kept < 0) | (kept >= rows)]
    if len(wrong):
        raise UsageError(f"there is no row {wrong[0]}", where="keep", fix=fix)
    if len(np.unique(kept)) < len(kept):
        raise UsageError("a row is there twice", where="keep", fix=fix)
    return kept.astype(np.int64)


def _is_target(quality: object) -> bool:
    """Whether rows are scored by the target."""
    return isinstance(quality, str) and quality in TARGET_SCORES


def _places(made: Represented, kept: IntArray) -> IntArray:
    """Where rows that have to be picked stand among those that have features."""
    lacking = np.setdiff1d(kept, made.kept)
    if len(lacking):
        raise UsageError(
            f"row {lacking[0]} has to be picked and has no features",
            where="keep",
            fix="leave it out, or represent it",
        )
    return np.searchsorted(made.kept, kept)


def _wanted(k: int | float | str | None, rows: int) -> int:
    """Picks: as asked, else all rows."""
    return rows if k in (None, "") else max(row_counts([k], rows), default=0)


def _of_features(
    data: Array,
    k: object,
    quality: str | FloatArray | None,
    given: Dataset | Array | None,
    tokens: int | None,
    token_counts: IntArray | None,
) -> Candidates:
    """Features and what goes with them, checked."""
    X = matrix(data, "features")
    log_quality = _check_arrays(X, k, quality, given, tokens, token_counts)
    budget = None
    if tokens is not None and token_counts is not None:
        budget = TokenBudget(np.asarray(token_counts), tokens)
    given = None if given is None else np.asarray(given)
    return Candidates(X, log_quality=log_quality, given=given, budget=budget)


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
    target: Array | None
    seed: int
    watcher: Watcher

    def scored(
        self, data: Dataset, made: Represented, fitted: Representation
    ) -> tuple[Represented, FloatArray | None]:
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
            target=self.target,
            seed=self.seed,
            watcher=self.watcher,
        )
        return made, rated.log_quality


def _token_counts(data: Dataset, counts: IntArray | None, tokenizer: str | None) -> IntArray:
    if counts is None:
        counts = count_tokens(data, tokenizer).total
    _check_token_counts(counts, len(data))
    return np.asarray(counts)


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
