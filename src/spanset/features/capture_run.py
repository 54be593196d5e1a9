"""The loop that fills a store: render, capture, sketch, write; with progress and retries."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.config import ModelConfig
from spanset.errors import SpansetError
from spanset.features.capture import Batch, GradientCapture
from spanset.features.making import Job, MadeProgress, put_rows
from spanset.features.models import ModelFiles, quiet
from spanset.features.rendering import Rendered, Renderer, RenderError
from spanset.features.selfcheck import SketchCheck, check_sketching
from spanset.features.sketches import Sketch, make_sketch
from spanset.features.store import FeatureStore, Status
from spanset.features.survey import render_rows
from spanset.features.targets import find_layers
from spanset.results import IntArray
from spanset.stages import Watcher

CHECKED_ROWS = 16  # examples of the self-check, at most
CHECKED_TOKENS = 4096  # with their padding: it forms products of every token with every other


@dataclass(frozen=True)
class CaptureRun:
    """What the loop needs to know: a model, how rows are rendered for it, what to make."""

    files: ModelFiles
    model: Any
    renderer: Renderer
    config: ModelConfig
    job: Job
    watcher: Watcher


def capture_rows(run: CaptureRun, store: FeatureStore) -> None:
    """Make the pending batches and write them; the store is open for writing.

    Raises
    ------
    SpansetError
        A row that does not fit in memory, or layers that cannot be captured.
    """
    settings, model = store.manifest["settings"], run.model
    layers = find_layers(model, run.config.targets)
    shape = settings["sketch"]
    sketch = make_sketch(
        shape["kind"],
        layers,
        rank=shape.get("rank", 1),
        dimension=shape.get("dimension", 1),
        seed=shape["seed"],
        device=model.device,
        dtype=model.dtype,
    )
    capture = GradientCapture(model, layers, checkpointing=run.config.gradient_checkpointing)
    with quiet(), capture:  # rows that end in the padding token would be commented on
        if store.manifest["self_check"] is None and sketch.rank is not None:
            batch = _padded(_rendered(run, _checked_rows(run, store)))
            check = _checked(capture, batch, sketch)
            if check is not None:
                store.update(self_check=check.record())
            if check is not None and check.is_suspicious:
                run.watcher.note(f"warning: {check}")
        _loop(run, store, capture, sketch)


def _checked(capture: GradientCapture, batch: Batch, sketch: Sketch) -> SketchCheck | None:
    """The self-check on as many rows as fit in memory."""
    while len(batch.ids):
        try:
            return check_sketching(capture, batch, sketch)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                raise
        _free()
        half = len(batch.ids) // 2
        batch = Batch(batch.ids[:half], batch.supervised[:half])
    return None  # the loop will say that a row does not fit


def _loop(run: CaptureRun, store: FeatureStore, capture: GradientCapture, sketch: Sketch) -> None:
    tokens = store.column("tokens")
    batches = {number: run.job.batches[number] for number in run.job.pending}
    sizes = {number: int(tokens[rows].sum()) for number, rows in batches.items()}
    work, wanted = sum(sizes.values()), sum(map(len, batches.values()))
    tokens_done = rows_done = 0
    started = monotonic()
    for number, rendered in _prepared(run):
        rows = batches[number]
        total, losses, was_split = _captured(run, capture, sketch, rows, rendered)
        if was_split:
            store.update(splits=sorted({*store.manifest["splits"], number}))
            run.watcher.note(
                f"batch {number} did not fit in memory and was split: lower --batch-tokens for "
                "results that repeat to the last bit"
            )
        _put(run, store, rows, rendered, total, losses)
        tokens_done, rows_done = tokens_done + sizes[number], rows_done + len(rows)
        speed = tokens_done / (monotonic() - started)
        done = tokens_done / work
        run.watcher.progress(MadeProgress(rows_done, wanted, speed, done, "tokens"))


def _prepared(run: CaptureRun) -> Iterator[tuple[int, list[Rendered]]]:
    """Batches as tokens, rendered while the model is at the one before."""
    with ThreadPoolExecutor(1) as pool:

        def begin(number: int) -> tuple[int, Future[list[Rendered]]]:
            return number, pool.submit(_rendered, run, run.job.batches[number])

        ahead = [begin(number) for number in run.job.pending[:1]]
        for following in [*run.job.pending[1:], None]:
            number, rendered = ahead.pop()
            ready = rendered.result()
            if following is not None:
                ahead.append(begin(following))
            yield number, ready


def _rendered(run: CaptureRun, rows: IntArray) -> list[Rendered]:
    rendered = []
    for row, one in zip(rows, render_rows(run.job.data, run.renderer, rows.tolist()), strict=True):
        if isinstance(one, RenderError):  # the survey took the row: the template is not a function
            raise SpansetError(
                "the chat template gave two results for one row",
                where=run.job.data.where(int(row)),
                why=str(one),
                fix="use a template that does not depend on time or chance",
            )
        rendered.append(one)
    return rendered


def _captured(
    run: CaptureRun,
    capture: GradientCapture,
    sketch: Sketch,
    rows: IntArray,
    rendered: Sequence[Rendered],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64], bool]:
    """Sketches (b, d) and losses (b,); a batch that does not fit in memory is halved."""
    try:
        captured = capture(_padded(rendered), sketch)
        return captured.total.cpu().numpy(), captured.losses, False
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        if len(rendered) == 1:
            raise SpansetError(
                f"one row of {len(rendered[0].ids):,} tokens does not fit in memory",
                where=run.job.data.where(int(rows[0])),
                why=str(error).partition("\n")[0],
                fix="lower --max-length, or use --gradient-checkpointing or --model-dtype bfloat16",
            ) from error
    _free()  # outside the except clause, which keeps the failed pass's tensors alive
    half = len(rendered) // 2
    parts = [
        _captured(run, capture, sketch, rows[part], rendered[part])
        for part in (slice(None, half), slice(half, None))
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), True


def _put(
    run: CaptureRun,
    store: FeatureStore,
    rows: IntArray,
    rendered: Sequence[Rendered],
    total: npt.NDArray[np.float32],
    losses: npt.NDArray[np.float64],
) -> None:
    """Write a batch, and the copies of its rows."""
    status = np.where([one.truncated for one in rendered], Status.TRUNCATED, Status.OK)
    put_rows(store, run.job.copies, rows, total, status.astype(np.uint8), loss=losses)


def _checked_rows(run: CaptureRun, store: FeatureStore) -> IntArray:
    """A few rows of middling length; the same for every shard and after every interruption."""
    rows = run.job.batches[len(run.job.batches) // 2]
    longest = int(store.column("tokens")[rows].max())
    return rows[: max(1, min(CHECKED_ROWS, CHECKED_TOKENS // longest))]


def _padded(rendered: Sequence[Rendered]) -> Batch:
    return Batch.pad([one.ids for one in rendered], [one.supervised for one in rendered])


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Torch's own error on accelerators; on the host a plain one that says so."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _free() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
