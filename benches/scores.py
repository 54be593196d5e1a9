"""Scores of a language model: what taking them costs, and how they go together.

cost          the pass of the gradients with scores and hidden states beside the same pass with
the loss alone, over the same batches, interleaved, medians of rounds
correlation   Spearman's rank correlation of every two scores as qualities (higher is better),
on random Alpaca rows by the small trained model
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

import spanset
from benches.gradients import LLAMA_30M, _alpaca_batches, random_llama
from spanset.config.model_settings import ModelConfig
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, load_renderer
from spanset.models.passes import capture as capture_module
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.models.passes.token_scores import AT_ONCE, token_scores
from spanset.quality.model_scores import MODEL_SCORES
from spanset.sketches.kinds import make_sketch

RANK, DIMENSION = 64, 4096
ROUNDS = 9
ROWS = 5_000
NAMES = ("output_tokens", *MODEL_SCORES)
ALLOWED = 0.03  # of the pass


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both."""
    files = find_model(str(data.parent / "models" / "tiny-llama-7m"))
    trained = load_model(files, device="cpu", dtype="float32")
    batches = _alpaca_batches(data, load_renderer(files), 12 if quick else 96)
    cost = {"llama 7M, trained": _cost(trained, batches, 1 if quick else ROUNDS)}
    if not quick:
        larger = random_llama(LLAMA_30M, vocabulary=8192, heads=8)
        cost["llama 30M, random"] = _cost(larger, batches[::3], ROUNDS)
    return {
        "torch": torch.__version__,
        "cost": cost,
        "correlation": _correlation(data, files.name, 60 if quick else ROWS),
    }


def _cost(model: Any, batches: list[Batch], rounds: int) -> dict[str, Any]:
    layers = find_layers(model)
    sketch = make_sketch("fold", layers, rank=RANK, dimension=DIMENSION, seed=0)

    def way(scores: Callable[..., Any], *, hidden: bool) -> float:
        capture_module.token_scores = scores
        started = perf_counter()
        try:
            with GradientCapture(model, layers, pooling="mean" if hidden else None) as capture:
                for batch in batches:
                    capture(batch, sketch)
        finally:
            capture_module.token_scores = token_scores
        return perf_counter() - started

    ways: dict[str, Callable[[], float]] = {
        "loss alone": lambda: way(_loss_alone, hidden=False),
        "with scores": lambda: way(token_scores, hidden=False),
        "with scores and hidden states": lambda: way(token_scores, hidden=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        # In turns, from another one each time: what drifts meets all alike.
        for name in np.roll(list(ways), number).tolist():
            took = ways[name]()
            if number:  # the first to warm up
                seconds[name].append(took)
    ratios = {
        name: float(np.median(np.array(seconds[name]) / np.array(seconds["loss alone"])))
        for name in ways
    }
    print(f"{sum(len(batch.ids) for batch in batches)} rows:")
    for name, ratio in ratios.items():
        mark = "" if ratio <= 1 + ALLOWED else f" (more than {ALLOWED:.0%} above)"
        print(f"  {name}: {np.median(seconds[name]):.3f} s, {ratio:.3f}{mark}")
    return {"seconds": seconds, "of_loss_alone": ratios}


def _loss_alone(
    logits: torch.Tensor, targets: torch.Tensor, factor: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The least that a capture needs, as `token_scores` but for the scores."""
    with torch.no_grad():
        slope = torch.empty_like(logits)
        scores = torch.zeros(3, len(logits))
        step = max(1, AT_ONCE["cpu"] // logits.shape[1])
        for start in range(0, len(logits), step):
            rows = slice(start, start + step)
            p = torch.log_softmax(logits[rows].float(), dim=-1)
            scores[0, rows] = -p.gather(1, targets[rows, None])[:, 0]
            p.exp_()
            p[torch.arange(len(p)), targets[rows]] -= 1.0
            slope[rows] = p.mul_(factor[rows, None])
    return scores, slope


def _correlation(data: Path, model: str, count: int) -> dict[str, Any]:
    rows = spanset.read(str(data / "alpaca_data.json.gz"))
    drawn = np.sort(np.random.default_rng(0).choice(len(rows), count, replace=False))
    rows, config = rows[drawn], ModelConfig(model=model)
    # Rows that have gradients; the same pass leaves the scores.
    made, _ = fit_transform(parse_features(f"gradient:{model}"), rows, model=config)
    rows = made.data
    values = {name: spanset.score(rows, name, transform="rank", model=config) for name in NAMES}
    table = np.array([[spearmanr(values[a], values[b])[0] for b in NAMES] for a in NAMES])
    width = max(map(len, NAMES))
    for name, line in zip(NAMES, table, strict=True):
        print(f"{name:{width}}", " ".join(f"{value:6.2f}" for value in line))
    return {"rows": len(rows), "names": list(NAMES), "spearman": table.round(4).tolist()}
