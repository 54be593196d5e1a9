"""Gradient features beside a training step, the per-example way, and a forward pass.

All in one run, over the same rows, interleaved, the median of five rounds after one to warm up:

    forward      the model alone, full logits, no gradients
    training     forward with labels and full logits, backward to all weights, no optimiser
    spanset      capture and sketch (r = 64 and 512, d = 4,096), the same batches
    per example  batch of 1, a peft adapter of the same rank, its gradient copied out, and the
                 sparse projection of scikit-learn to 4,096: how the paper's code does it

Rows of Alpaca, the trained 7M Llama beside the data and a random one of 30M. On a card: ``python -m
benches run device``.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

from spanset.data.reader import read
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, load_renderer
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.models.rendering.renderer import Rendered
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import Layer, Sketch
from spanset.stores.batches import plan_batches

RANKS, DIMENSION = (64, 512), 4096
ROUNDS = 5
LLAMA_30M = {"hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8}
ALLOWED = {64: 0.70, 512: 0.85}  # of the training step


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure both models."""
    files = find_model(str(data.parent / "models" / "tiny-llama-7m"))
    trained = load_model(files, device="cpu", dtype="float32")
    batches = _alpaca_batches(data, load_renderer(files), 12 if quick else 96)
    cases = [("llama 7M, trained, float32", trained, batches)]
    if not quick:
        model = random_llama(LLAMA_30M, vocabulary=8192, heads=8)
        cases.append(("llama 30M, random, float32", model, batches[::3]))
    results = []
    for name, model, batches in cases:
        result = measure(model, batches, rounds=1 if quick else ROUNDS)
        results.append({"model": name, **result})
        show(name, result, ALLOWED)
        gc.collect()
    return {"device": "cpu", "torch": torch.__version__, "models": results}


def measure(
    model: Any, batches: list[Batch], rounds: int, *, per_example: bool = True
) -> dict[str, Any]:
    """Seconds of every way over the batches, in turn; shares of a training step; memory."""
    layers = find_layers(model)
    ways: dict[str, Callable[[], None]] = {
        "forward": lambda: _forward(model, batches),
        "training": lambda: _train(model, batches),
    }
    for rank in RANKS:
        ways[f"spanset r={rank}"] = spanset_way(model, batches, layers, rank)
    for rank in RANKS if per_example else ():
        ways[f"per example r={rank}"] = _per_example(model, batches, layers, rank)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            seconds[name].append(_timed(way))
        if number == 0:  # to warm up
            seconds = {name: [] for name in ways}
    median = {name: float(np.median(values)) for name, values in seconds.items()}
    tokens = int(sum((batch.ids != -1).sum() for batch in batches))
    return {
        "rows": sum(len(batch.ids) for batch in batches),
        "tokens_with_padding": tokens,
        "supervised": int(sum(batch.supervised.sum() for batch in batches)),
        "seconds": {name: [round(value, 4) for value in seconds[name]] for name in ways},
        "tokens_per_second": {name: tokens / median[name] for name in ways},
        "of_training": {name: median[name] / median["training"] for name in ways},
        "memory": _memory(model, batches, layers),
        **_peak_share(model, tokens, median),
    }


def _forward(model: Any, batches: list[Batch]) -> None:
    with torch.no_grad():
        for batch in batches:
            model(input_ids=torch.from_numpy(batch.ids).to(model.device), use_cache=False)


def _train(model: Any, batches: list[Batch]) -> None:
    model.requires_grad_(True)
    for batch in batches:
        ids = torch.from_numpy(batch.ids).to(model.device)
        labels = ids.masked_fill(torch.from_numpy(~batch.supervised).to(model.device), -100)
        model(input_ids=ids, labels=labels, use_cache=False).loss.backward()
        model.zero_grad(set_to_none=True)


def spanset_way(
    model: Any, batches: list[Batch], layers: list[Layer], rank: int
) -> Callable[[], None]:
    """Capture and sketch of all batches."""
    sketch = _fold(model, layers, rank)

    def way() -> None:
        with GradientCapture(model, layers) as capture:
            for batch in batches:
                capture(batch, sketch).total.cpu()

    return way


def _fold(model: Any, layers: list[Layer], rank: int) -> Sketch:
    return make_sketch(
        "fold",
        layers,
        rank=rank,
        dimension=DIMENSION,
        seed=0,
        device=model.device,
        dtype=model.dtype,
    )


def _per_example(
    model: Any, batches: list[Batch], layers: list[Layer], rank: int
) -> Callable[[], None]:
    from peft import LoraConfig, get_peft_model
    from sklearn.random_projection import SparseRandomProjection

    config = LoraConfig(
        r=rank, lora_alpha=rank, target_modules=[layer.name for layer in layers], lora_dropout=0.0
    )
    adapted = get_peft_model(copy.deepcopy(model).requires_grad_(False), config)
    trained = []
    for name, parameter in adapted.named_parameters():
        parameter.requires_grad_("lora_B" in name)  # with B = 0 the gradient of A is zero
        if parameter.requires_grad:
            trained.append(parameter)
    size = sum(parameter.numel() for parameter in trained)
    options: dict[str, Any] = {"n_components": DIMENSION, "random_state": 0}
    projection = SparseRandomProjection(**options).fit(np.zeros((1, size)))
    # Fewer rows where there are many: the rate is what is compared.
    rows = [
        (batch.ids[row], batch.supervised[row])
        for batch in batches
        for row in range(len(batch.ids))
    ]

    def way() -> None:
        for ids, supervised in rows:
            tokens = torch.from_numpy(ids).to(model.device)[None]
            labels = tokens.masked_fill(torch.from_numpy(~supervised).to(model.device), -100)
            adapted(input_ids=tokens, labels=labels, use_cache=False).loss.backward()
            flat = torch.cat([p.grad.flatten() for p in trained if p.grad is not None])
            projection.transform(flat.float().cpu().numpy()[None])
            adapted.zero_grad(set_to_none=True)

    return way


class _Nothing:
    """A reducer that keeps nothing: the frozen pass by itself."""

    def start(self, batch: int) -> torch.Tensor:
        return torch.zeros(batch)

    def keep(self, layer: int, x: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        return x[:0]

    def add(self, layer: int, kept: Any, delta: torch.Tensor, total: torch.Tensor) -> None:
        pass


def _memory(model: Any, batches: list[Batch], layers: list[Layer]) -> dict[str, Any]:
    """Peak bytes of a pass with and without the capture, and what the capture may add."""
    batch = max(batches, key=lambda one: one.ids.size)
    rows, length = batch.ids.shape
    result: dict[str, Any] = {"rows": rows, "tokens_per_row": length}
    with GradientCapture(model, layers) as capture:
        result["bare_bytes"] = _peak_bytes(model, lambda: capture(batch, _Nothing()))
        for rank in RANKS:
            sketch = _fold(model, layers, rank)
            peak = _peak_bytes(model, lambda: capture(batch, sketch))  # noqa: B023 - called at once
            kept = len(layers) * rows * length * rank * model.dtype.itemsize
            layer = 4 * rows * rank * max(layer.outputs for layer in layers)
            result[f"extra_bytes r={rank}"] = peak - result["bare_bytes"]
            result[f"allowed_bytes r={rank}"] = kept + layer + 4 * rows * DIMENSION
    return result


def _peak_bytes(model: Any, way: Callable[[], Any]) -> int:
    if model.device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        way()
        return torch.cuda.max_memory_allocated() - before
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        way()
    assert profiled.profiler is not None
    results: Any = profiled.profiler.kineto_results
    held = most = 0
    moves = [event for event in results.events() if event.name() == "[memory]"]
    for event in sorted(moves, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def _peak_share(model: Any, tokens: int, median: dict[str, float]) -> dict[str, Any]:
    """Share of the measured matrix-multiply peak, by the products that a pass needs at least."""
    size = 8192 if model.device.type == "cuda" else 2048
    left = torch.ones(size, size, device=model.device, dtype=model.dtype)
    best = min(_timed(lambda: left @ left) for _ in range(8))
    peak = 2 * size**3 / best
    weights = (
        sum(p.numel() for p in model.parameters()) - model.get_input_embeddings().weight.numel()
    )
    # Two operations a weight and token forward, as many for the gradient of the inputs, and in
    # training as many again for that of the weights.
    per_token = {"forward": 2 * weights, "training": 6 * weights}
    per_token |= {f"spanset r={rank}": 4 * weights for rank in RANKS}
    share = {name: per_token[name] * tokens / median[name] / peak for name in per_token}
    return {"matmul_flops": peak, "share_of_peak": share}


def _timed(way: Callable[[], Any]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    started = perf_counter()
    way()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter() - started


def _alpaca_batches(data: Path, renderer: Any, rows: int) -> list[Batch]:
    """Random rows of Alpaca in batches of like length, as a user's would be."""
    alpaca = read(data / "alpaca_data.json.gz")
    chosen = np.random.default_rng(0).choice(len(alpaca), rows, replace=False)
    rendered = renderer.render([alpaca.conversation(int(row)) for row in chosen])
    rendered = [one for one in rendered if isinstance(one, Rendered) and one.supervised.any()]
    lengths = np.array([len(one.ids) for one in rendered])
    plan = plan_batches(np.arange(len(rendered)), lengths, 2048)
    return [
        Batch.pad([rendered[row].ids for row in batch], [rendered[row].supervised for row in batch])
        for batch in plan
    ]


def random_llama(shape: dict[str, Any], *, vocabulary: int, heads: int) -> Any:
    """A Llama of random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        **shape,
        vocab_size=vocabulary,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=2048,
    )
    return LlamaForCausalLM(config).eval()


def show(name: str, result: dict[str, Any], allowed: dict[int, float]) -> None:
    """A table on the screen."""
    print(f"{name}: {result['rows']} rows, {result['tokens_with_padding']:,} tokens")
    for way, ratio in result["of_training"].items():
        rank = int(way.partition("r=")[2] or 0)
        limit = f" (allowed {allowed[rank]:.2f})" if way.startswith("spanset") else ""
        speed = result["tokens_per_second"][way]
        print(f"  {way:20} {ratio:5.2f} of a training step{limit}, {speed:,.0f} tokens/s")
    memory = result["memory"]
    for rank in RANKS:
        extra, room = memory[f"extra_bytes r={rank}"], memory[f"allowed_bytes r={rank}"]
        print(f"  extra memory r={rank}: {extra / 2**20:.1f} MiB (allowed {room / 2**20:.1f})")
