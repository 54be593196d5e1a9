"""Gradients into a store: the sketch, its self-check, and the passes of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.config.model_settings import Pooling
from spanset.models.language_model import LanguageModel
from spanset.models.libraries import quiet
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.model_run import ModelRun, free, is_out_of_memory, means
from spanset.models.passes.padded import Batch
from spanset.models.passes.passed import Passed
from spanset.models.passes.selfcheck import SketchCheck, check_sketching
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch
from spanset.sketches.reducer import Sketch
from spanset.stores.columns import hidden_names, pooling_beside
from spanset.stores.maker import Job, Sink
from spanset.stores.making import put_rows, scaled

CHECKED_ROWS = 16  # examples of the self-check, at most
CHECKED_TOKENS = 4096  # with their padding: it forms products of every token with every other


def capture_rows(model: LanguageModel, job: Job, sink: Sink) -> None:
    """Make the batches.

    Raises
    ------
    SpansetError
        A row that does not fit in memory, or layers that cannot be captured.
    """
    loaded, run = model.loaded, ModelRun(model, job)
    layers = find_layers(loaded, model.config.targets)
    shape = sink.manifest["settings"]["sketch"]
    sketch = make_sketch(
        shape["kind"],
        layers,
        rank=shape.get("rank", 1),
        dimension=shape.get("dimension", 1),
        seed=shape["seed"],
        device=loaded.device,
        dtype=loaded.dtype,
    )
    pooling = pooling_beside(sink.made)  # of a store that is gone on with its own
    capture = GradientCapture(
        loaded,
        layers,
        pooling=pooling,
        checkpointing=model.config.gradient_checkpointing,
    )
    with quiet(), capture:  # rows that end in the padding token would be commented on
        if sink.manifest["self_check"] is None and sketch.rank is not None:
            check = _checked(capture, _checked_batch(run, sink), sketch)
            if check is not None:
                sink.update(self_check=check.record())
                if check.is_suspicious:
                    model.watcher.note(f"warning: {check}")
                elif check.is_coarse:
                    found = check.coarseness(shape["kind"], sketch.rank, sketch.dimension)
                    model.watcher.note(f"warning: {found}")
        writer = _Writer(sink, sink.column("supervised"), pooling)
        run.fill(sink, lambda batch: capture(batch, sketch), writer.put)


@dataclass(frozen=True)
class _Writer:
    """Writes what passes give."""

    sink: Sink
    supervised: npt.NDArray[np.int32]
    pooling: Pooling | None

    def put(self, rows: IntArray, status: npt.NDArray[np.uint8], passed: Passed) -> None:
        """Write a batch."""
        values = means(passed.scores, self.supervised[rows])
        if self.pooling is not None and passed.hidden is not None:
            vectors, lengths = hidden_names(self.pooling)
            values[vectors], values[lengths] = scaled(passed.hidden)
        assert passed.total is not None  # noqa: S101 (a capture gives gradients)
        put_rows(self.sink, rows, passed.total, status, **values)


def _checked(capture: GradientCapture, batch: Batch, sketch: Sketch) -> SketchCheck | None:
    """The self-check on as many rows as fit in memory."""
    while len(batch.ids):
        try:
            return check_sketching(capture, batch, sketch)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        free()
        batch = batch.first_half()
    return None  # the loop will say that a row does not fit


def _checked_batch(run: ModelRun, sink: Sink) -> Batch:
    """A few rows of middling length; the same for every shard and after every interruption.

    Of a pair the side that is scored: the sketch knows nothing of sides.
    """
    rows = run.job.sample
    longest = int(sink.column("tokens")[rows].max())
    read = run.read(rows[: max(1, min(CHECKED_ROWS, CHECKED_TOKENS // longest))])
    return Batch.pad(
        [one.sequences[0].ids for one in read], [one.sequences[0].supervised for one in read]
    )
