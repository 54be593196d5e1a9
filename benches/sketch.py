"""How far gradients can be compressed: every sketch beside the full gradient, on real rows.

Rows of Alpaca and of T0 (short answers) go through the trained 7M Llama once, in float32. That
pass gives the full gradient of the attention layers, 1.57M numbers a row, and its sketches, by the
product's own reducers: signed fold and two-sided, over ranks, dimensions and seeds, and the
paper's preset (one seed). A rank of 256 is the width of the model: nothing is reduced by an A.

Against exact gradients, over all pairs of different rows: errors of the distance and of the cosine
between unit rows, and noise to signal, the error of cosines beside their standard deviation. Then
what that does to a selection: the tenth that greedy DPP picks (rbf, gamma 0.25), its overlap with
what exact gradients pick, and its log det in the exact kernel, beside random subsets.
"""

from __future__ import annotations

import tempfile
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benches.neighbours import read_t0
from spanset import select
from spanset.data.dataset import Dataset
from spanset.data.reader import read
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, load_renderer
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.selfcheck import check_sketching
from spanset.models.passes.targets import find_layers
from spanset.models.rendering.renderer import Rendered
from spanset.sketches.full import FullGradient
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import Layer, Sketch
from spanset.stores.batches import plan_batches

RANKS, DIMENSIONS, SEEDS = (8, 32, 64, 128, 256), (512, 1024, 2048, 4096, 8192), 3
ROWS = 1_500
GAMMA, SHARE, RANDOM = 0.25, 0.1, 20
TOKENS, CHECKED = 2048, 16  # of a pass; rows of the check at start-up
Config = tuple[str, int, int]  # kind, rank, dimension


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both sets."""
    files = find_model(str(data.parent / "models" / "tiny-llama-7m"))
    torch.set_num_threads(1)  # two wait for each other where the machine does anything else
    model, renderer = load_model(files, device="cpu", dtype="float32"), load_renderer(files)
    layers = find_layers(model)
    rows = 120 if quick else ROWS
    configs = _configs(max(layer.inputs for layer in layers), quick=quick)
    seeds = range(1 if quick else SEEDS)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        sets = {
            "alpaca": read(data / "alpaca_data.json.gz"),
            "t0": read_t0(data / "t0_per_template.tar.gz", Path(folder)),
        }
        for name, dataset in sets.items():
            batches = _batches(dataset, renderer, rows)
            path = Path(folder) / "gradients"
            results[name] = _measure(model, layers, batches, configs, seeds, path)
            _print(name, results[name])
            path.unlink()
    return {"rows": rows, "picks": round(SHARE * rows), "gamma": GAMMA, "sets": results}


def _configs(width: int, *, quick: bool) -> dict[Config, int]:
    """The grid, and for each the dimension that it is folded from: see `_halved`."""
    ranks, dimensions = ((8, 64), (512, 1024, 4096)) if quick else (RANKS, DIMENSIONS)
    grid = {}
    for kind, rank, d in product(("fold", "factored"), ranks, dimensions):
        groups = (width if kind == "fold" else width // 2) * rank  # that hold a row or more each
        if kind == "fold" or rank < width:
            grid[kind, rank, d] = max([d, *(one for one in dimensions if one <= groups)])
    return {**grid, ("paper", 512, 4096): 4096}


def _of(kind: str, seeds: range) -> range:
    """Of the paper's preset, the slowest by far, one."""
    return seeds[:1] if kind == "paper" else seeds


def _halved(kind: str, X: npt.NDArray[np.float32], dimension: int) -> npt.NDArray[np.float32]:
    """Features of a smaller dimension, from those of a larger one with the same rank and seed.

    Half the groups of the fold are the sums of two each, and half of P_out is its first rows.
    """
    while X.shape[1] > dimension:
        half = X.shape[1] // 2
        X = X[:, :half] + X[:, half:] if kind == "fold" else np.sqrt(np.float32(2)) * X[:, :half]
    return X


def _batches(dataset: Dataset, renderer: Any, rows: int) -> list[Batch]:
    """Random rows within the context, no two of the same tokens, in batches of like length."""
    kept: dict[bytes, Rendered] = {}
    order = np.random.default_rng(0).permutation(len(dataset))
    for start in range(0, len(order), 500):
        some = [dataset.conversation(int(row)) for row in order[start : start + 500]]
        for one in renderer.render(some):
            if isinstance(one, Rendered) and one.supervised.any() and not one.truncated:
                kept.setdefault(one.ids.tobytes(), one)
        if len(kept) >= rows:
            break
    rendered = list(kept.values())[:rows]
    lengths = np.array([len(one.ids) for one in rendered])
    return [
        Batch.pad([rendered[row].ids for row in batch], [rendered[row].supervised for row in batch])
        for batch in plan_batches(np.arange(len(rendered)), lengths, TOKENS)
    ]


class _Together:
    """A reducer that hands every layer's gradient to many sketches."""

    def __init__(self, sketches: list[Sketch]) -> None:
        self.sketches = sketches
        self.totals: list[torch.Tensor] = []

    def start(self, batch: int) -> torch.Tensor:
        self.totals = [sketch.start(batch) for sketch in self.sketches]
        return torch.zeros(batch)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - as the protocol
        return x

    def add(
        self,
        layer: int,
        kept: torch.Tensor,
        delta: torch.Tensor,
        total: torch.Tensor,  # noqa: ARG002 - as the protocol
    ) -> None:
        for sketch, own in zip(self.sketches, self.totals, strict=True):
            sketch.add(layer, sketch.keep(layer, kept), delta, own)


def _measure(
    model: Any,
    layers: list[Layer],
    batches: list[Batch],
    configs: dict[Config, int],
    seeds: range,
    path: Path,
) -> dict[str, Any]:
    """One pass of the model, exact cosines, then every sketch against them."""
    started = perf_counter()

    def made(kind: str, rank: int, dimension: int, seed: int) -> Sketch:
        return make_sketch(kind, layers, rank=rank, dimension=dimension, seed=seed)

    keys = {
        (kind, rank, whole, seed): None
        for (kind, rank, _), whole in configs.items()
        for seed in _of(kind, seeds)
    }
    full = FullGradient(layers, "cpu")
    together = _Together([*(made(*key) for key in keys), full])
    n, middle = sum(len(batch.ids) for batch in batches), len(batches) // 2
    exact = np.memmap(path, np.float32, "w+", shape=(n, full.dimension))
    features = [np.empty((n, dimension), np.float32) for _, _, dimension, _ in keys]
    at = checked = 0
    with GradientCapture(model, layers) as capture:
        for number, batch in enumerate(batches):
            capture(batch, together)
            rows = slice(at, at := at + len(batch.ids))
            checked = rows.start if number == middle else checked
            for whole, total in zip([*features, exact], together.totals, strict=True):
                whole[rows] = total.numpy()
        X = dict(zip(keys, features, strict=True))
        rows = slice(0, len(batches[0].ids))
        for (kind, rank, dimension), whole in configs.items():  # what is folded is what is made
            direct = capture(batches[0], made(kind, rank, dimension, 0)).total.numpy()
            folded = _halved(kind, X[kind, rank, whole, 0][rows], dimension)
            np.testing.assert_allclose(folded, direct, atol=1e-4 * np.abs(direct).max())
        few = slice(checked, checked + min(CHECKED, len(batches[middle].ids)))
        batch = Batch(batches[middle].ids[:CHECKED], batches[middle].supervised[:CHECKED])
        ratio = check_sketching(capture, batch, made(*next(iter(configs)), 0)).ratio
    print(f"  pass of {n:,} rows, {len(keys)} sketches: {perf_counter() - started:.0f} s")
    cosine = _cosines(_gram(exact))
    base = _Exact(cosine)
    print(f"  exact cosines and picks: {perf_counter() - started:.0f} s")
    results = []
    for (kind, rank, dimension), whole in configs.items():
        ways = [_halved(kind, X[kind, rank, whole, seed], dimension) for seed in _of(kind, seeds)]
        measured = _mean([base.compared(one, few) for one in ways])
        results.append({"kind": kind, "rank": rank, "dimension": dimension, **measured})
    if abs(ratio / results[0]["check"]["values"][0] - 1) > 0.01:
        raise AssertionError("the check at start-up does not measure what is measured here")
    off = cosine[np.triu_indices(n, 1)]
    lengths = [int(one) for batch in batches for one in batch.supervised.sum(axis=1)]
    print(f"  all: {perf_counter() - started:.0f} s")
    return {
        "seconds": perf_counter() - started,
        "supervised_tokens": {"median": float(np.median(lengths)), "mean": float(np.mean(lengths))},
        "cosine": {"mean": float(off.mean()), "sd": float(off.std())},
        "log_det_per_pick": {"exact": base.log_det, "random": base.random},
        "jaccard_random": base.chance,
        "configs": results,
    }


def _gram(full: npt.NDArray[np.float32], step: int = 16_384) -> npt.NDArray[np.float64]:
    """Inner products of rows, in float64; some columns at a time."""
    gram = np.zeros((len(full), len(full)))
    for start in range(0, full.shape[1], step):
        block = full[:, start : start + step].astype(np.float64)
        gram += block @ block.T
    return gram


def _cosines(gram: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.sqrt(np.diag(gram))
    return np.clip(gram / np.outer(lengths, lengths), -1.0, 1.0)


class _Exact:
    """What exact gradients say, and how far sketches are from it."""

    def __init__(self, cosine: npt.NDArray[np.float64]) -> None:
        self.cosine = cosine
        self.off = np.triu_indices(len(cosine), 1)
        self.k = round(SHARE * len(cosine))
        # Rows with the same inner products, of which there can be no more numbers than rows.
        values, vectors = np.linalg.eigh(cosine)
        self.picks = _picks(vectors * np.sqrt(np.maximum(values, 0.0)), self.k)
        self.log_det = self._log_det(self.picks)
        generator = np.random.default_rng(0)
        drawn = [generator.choice(len(cosine), self.k, replace=False) for _ in range(RANDOM)]
        self.random = _spread([self._log_det(rows) for rows in drawn])
        self.chance = float(np.mean([_jaccard(rows, self.picks) for rows in drawn]))

    def compared(self, X: npt.NDArray[np.float32], few: slice) -> dict[str, float]:
        """Errors of one sketch's features, and of its picks."""
        unit = X.astype(np.float64)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        cosine = unit @ unit.T
        exact, error = self.cosine[self.off], (cosine - self.cosine)[self.off]
        distance, own = (np.sqrt(2 - 2 * np.clip(c, -1, 1)) for c in (exact, cosine[self.off]))
        some = np.triu_indices(few.stop - few.start, 1)
        small, its_error = (whole[few, few][some] for whole in (self.cosine, cosine - self.cosine))
        picks = _picks(unit, self.k)
        log_det = self._log_det(picks)
        return {
            "distance": _rms(own / distance - 1),
            "cosine": _rms(error),
            "bias": float(error.mean()),
            "ratio": _rms(error) / float(exact.std()),
            "check": _rms(its_error) / float(small.std()),
            "jaccard": _jaccard(picks, self.picks),
            "log_det_loss": self.log_det - log_det,
            "kept": (log_det - self.random["mean"]) / (self.log_det - self.random["mean"]),
        }

    def _log_det(self, rows: npt.NDArray[np.int64]) -> float:
        """Of the exact kernel of these rows, per row."""
        kernel = np.exp(-2 * GAMMA * (1 - self.cosine[np.ix_(rows, rows)]))
        return float(np.linalg.slogdet(kernel)[1] / len(rows))


def _picks(X: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.int64]:
    return select(X, k=k, gamma=GAMMA).order


def _jaccard(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> float:
    return len(np.intersect1d(one, other)) / len(np.union1d(one, other))


def _rms(values: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _spread(values: list[float]) -> dict[str, Any]:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "sd": sd, "values": values}


def _mean(seeds: list[dict[str, float]]) -> dict[str, Any]:
    """Mean, deviation and values of every measure over the seeds."""
    return {name: _spread([one[name] for one in seeds]) for name in seeds[0]}


def _print(name: str, result: dict[str, Any]) -> None:
    exact, random = (result["log_det_per_pick"][one] for one in ("exact", "random"))
    print(
        f"{name}: {result['supervised_tokens']['median']:.0f} supervised tokens (median), cosine "
        f"{result['cosine']['mean']:.3f} +- {result['cosine']['sd']:.3f}, log det per pick "
        f"{exact:.4f} exact, {random['mean']:.4f} random (Jaccard {result['jaccard_random']:.3f})\n"
        "  sketch          r     d  distance  cosine  noise/signal (16 rows)  Jaccard  log det loss"
    )
    for one in result["configs"]:
        mean = {key: value["mean"] for key, value in one.items() if isinstance(value, dict)}
        print(
            f"  {one['kind']:12} {one['rank']:4} {one['dimension']:5}  {mean['distance']:8.4f}"
            f"  {mean['cosine']:6.4f}  {mean['ratio']:12.3f} {mean['check']:9.3f}"
            f"  {mean['jaccard']:7.3f}  {mean['log_det_loss']:.4f} (kept {mean['kept']:.1%})"
        )
