"""The verb `select`: choose rows of a data set, or of features."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.disk_space import scratch_folder
from spanset.base.stages import SILENT, Watcher
from spanset.commands.verbs.arguments import Array
from spanset.commands.verbs.asked import Asked
from spanset.commands.verbs.choosing_features import choose_of_features
from spanset.commands.verbs.choosing_rows import choose_of_rows
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.of_parts import Same
from spanset.greedy.enough import LEAST_GAIN, Enough
from spanset.greedy.partitioned import parts_in
from spanset.greedy.selection import Selection
from spanset.selectors.choosing import Choosing, resolved_weight


def select(
    data: Dataset | Array,
    k: int | float | str | None = None,
    *,
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
    avoid: Dataset | Array | None = None,
    avoid_at: float | None = None,
    same: Same = "row",
    prefer: Sequence[str] = (),
    shares: Sequence[str] = (),
    keep: Sequence[int] | IntArray = (),
    threshold: float | None = None,
    clusters: int | None = None,
    least_gain: float = LEAST_GAIN,
    rounds: int = 1,
    parts: int | None = None,
    dtype: str = "float64",
    seed: int = 0,
    workers: int = 0,
    model: ModelConfig | str | None = None,
    device: str = "cpu",
    scratch: str | None = None,
    ray: str | None = None,
    ray_workers: int | None = None,
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
        methods target and projection. Their copies in `data` are not picked: of an array, and of
        features without a usual cosine, exact ones.
    avoid : Dataset or (e, d) array, optional
        Evaluation data: rows that hold their words, or mean the same, are not picked.
    avoid_at : float, optional
        Cosine from which a row means the same; by default 0.8 for static, lexical and sentence
        features, else words alone tell. An array needs it.
    same : {"row", "prompt", "answer", "both"}
        What has to be the same of a data set's rows for dedup.
    prefer : sequence of str, optional
        Inputs of a data set, by the names they were read by, whose rows dedup keeps rather than
        others', the first before the second.
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
    rounds : {1, 2}
        Of dpp: 1 is exact; 2 deals the rows into parts, picks in each and then among these picks,
        in a fraction of the time (docs/scale.md).
    parts : int, optional
        Of two rounds, by default 16.
    dtype : {"float64", "float32"}
        To compute in.
    seed, workers : int
        Of random draws; threads (0: all processors).
    model : ModelConfig or str, optional
        How rows go through a model, where `features` or `quality` needs one; or its name.
    device : str
        Where the greedy engine runs: ``cpu``, or a CUDA device.
    scratch : str, optional
        Folder for a factor that memory does not hold; by default in the user's cache folder.
    ray : str, optional
        A Ray cluster to select on (extra ``cluster``): ``HOST:PORT``, ``auto``, or ``local``.
    ray_workers : int, optional
        Workers there, by default one a machine.
    watcher : Watcher
        Told of progress; asked whether to stop.

    Returns
    -------
    Selection
        Picks in order, none where the first exceeds the token budget; every prefix is the
        selection for a smaller k, where the method is nested. Of ``dedup`` a `Deduplicated`, which
        tells what stands for each row, and gives the choice by another threshold.
    """
    asked = Asked(
        k=k,
        how=Choosing(
            method,
            resolved_weight(quality_weight, has_quality=quality is not None),
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
            scratch_folder(scratch),
            parts_in(rounds, parts),
            ray,
            ray_workers,
        ),
        features=features,
        quality=quality,
        transform=transform,
        tokenizer=tokenizer,
        tokens=tokens,
        token_counts=token_counts,
        given=given,
        target=target,
        avoid=avoid,
        avoid_at=avoid_at,
        same=same,
        prefer=tuple(prefer),
        shares=tuple(shares),
        keep=keep,
        rounds=rounds,
        parts=parts,
        model=ModelConfig(model=model) if isinstance(model, str) else model,
        watcher=watcher,
    )
    asked.check(quality_weight)
    if isinstance(data, Dataset):
        return choose_of_rows(data, asked)
    return choose_of_features(data, asked)
