"""`spanset features` and `spanset merge`: feature stores made, added to, joined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from spanset.base.errors import UsageError
from spanset.base.ray_cluster import check_address
from spanset.base.stages import Watcher, stopwatch
from spanset.config.amounts import refuse_negative
from spanset.config.cluster_settings import ClusterConfig
from spanset.config.model_settings import ModelConfig
from spanset.config.settings import DataConfig
from spanset.data.reader import read_data
from spanset.data.remarks import remark_lines
from spanset.features.on_cluster import check_making, made_on
from spanset.features.representations import (
    check_representation,
    lexical_maker,
    loaded,
    require_making,
)
from spanset.features.specs import parse_features
from spanset.models.language_model import usual_batch_tokens
from spanset.stores.checks import refuse_place
from spanset.stores.keeping import in_store
from spanset.stores.making import describe
from spanset.stores.shards import Shard, merge_shards
from spanset.stores.status import MADE


def run_features(
    data: tuple[str, ...],
    reading: DataConfig,
    features: str | None,
    model: ModelConfig,
    out: str,
    shard: str | None,
    seed: int,
    cluster: ClusterConfig,
    watcher: Watcher,
) -> None:
    """Run ``spanset features``: a store of features, more rows of one, or a shard of one."""
    if features is None and model.model is None:
        raise UsageError(
            "no features are named",
            where="--features",
            fix="name a model with --model, or give --features static, lexical or sentence:MODEL",
        )
    spec = parse_features(features, model.model)
    require_making(spec)
    part = None if shard is None else Shard.parse(shard)
    if part is not None and spec.kind in ("gradient", "hidden"):
        # What a card has room for would give shards on other cards another plan.
        model = replace(model, batch_tokens=usual_batch_tokens(model))
    refuse_negative(("--seed", seed))
    check_address(cluster.ray, cluster.ray_workers)
    check_making(cluster, model)
    check_representation(spec, model)
    path = Path(out)
    refuse_place(path)
    stage = stopwatch(watcher, {})
    # A model that is not there is told before the data are read; words are counted in the data.
    maker = None
    if spec.kind != "lexical":
        maker = loaded(spec, model, seed=seed, on_bad_row=reading.on_bad_row, watcher=watcher)
    with stage("read"):
        rows = read_data(data, reading)
        for line in remark_lines(rows):
            watcher.note(line)
    with stage("represent"):
        maker = maker or lexical_maker(rows, path, seed=seed, watcher=watcher)
        with made_on(cluster, maker, model) as making:
            parts = in_store(making, rows, path, part)
    done = parts.stores[-1].path if part is not None else path
    if part is not None:
        watcher.note(
            f"done: part {part.number} of {part.count}, in {done}; once all parts are there: "
            f"spanset merge {out}"
        )
        return
    made = int(np.isin(parts.statuses(rows), MADE).sum())
    left_out = f", {len(rows) - made:,} left out" if made < len(rows) else ""
    watcher.note(
        f"done: {made:,} rows have their features in {done}{left_out}; use them: "
        f"--features store:{out}"
    )


def run_merge(out: str, watcher: Watcher) -> None:
    """Run ``spanset merge``: the shards beside `out` become one store."""
    watcher.note(f"merged: {describe(merge_shards(Path(out)))}")
