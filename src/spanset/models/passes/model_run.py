"""The loop that fills a store by passes of a model: render, pass, write; progress and retries."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import SpansetError
from spanset.models.passes.forward import Read
from spanset.models.passes.padded import Batch
from spanset.models.passes.passed import Flight, Passed
from spanset.models.passes.token_scores import TokenScores
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.kept_tokens import KeptTokens
from spanset.models.rendering.sides import TokenRow
from spanset.models.rendering.token_survey import render_rows
from spanset.stores.maker import Job, MadeProgress, Sink
from spanset.stores.status import Status

if TYPE_CHECKING:
    from spanset.models.language_model import LanguageModel

Once = Callable[[Batch], Read]

AHEAD = 1  # passes that a device may have queued beyond the one that is waited for


@dataclass(frozen=True)
class ModelRun:
    """What the loop needs to know: a model, what to make, and how a row is cut to sequences.

    Attributes
    ----------
    cut : callable, optional
        From the sequences of a row to those that go through the model.
    """

    model: LanguageModel
    job: Job
    cut: Callable[[TokenRow], TokenRow] | None = None

    def fill(
        self,
        sink: Sink,
        once: Once,
        put: Callable[[IntArray, npt.NDArray[np.uint8], Passed], None],
    ) -> None:
        """Make the batches.

        Parameters
        ----------
        once : callable
            One pass.
        put : callable
            Writes rows, with their statuses and what the pass gave of them.

        Raises
        ------
        SpansetError
            A row that does not fit in memory, or that is rendered otherwise than before.
        """
        tokens, watcher = sink.column("tokens"), self.model.watcher
        batches = self.job.batches
        sizes = {number: int(tokens[rows].sum()) for number, rows in batches.items()}
        work, wanted = sum(sizes.values()), sum(map(len, batches.values()))
        tokens_done = rows_done = 0
        started = monotonic()

        def write(rows: IntArray, read: list[TokenRow], flight: Flight | Passed) -> None:
            status = np.where([one.truncated for one in read], Status.TRUNCATED, Status.OK)
            put(rows, status.astype(np.uint8), flight.landed())

        def finish(number: int, written: Future[None]) -> None:
            nonlocal tokens_done, rows_done
            written.result()
            tokens_done, rows_done = tokens_done + sizes[number], rows_done + len(batches[number])
            speed = tokens_done / (monotonic() - started)
            watcher.progress(MadeProgress(rows_done, wanted, speed, tokens_done / work, "tokens"))

        under_way: deque[tuple[int, Future[None]]] = deque()
        # What waits for a device, or for a disk, waits in a thread of its own. Rendering is not in
        # one: it is Python's work as launching is, which would wait for it at every step.
        writer = ThreadPoolExecutor(1)
        try:
            for number, rows in batches.items():
                read = self.read(rows)
                flight, was_split = self._queued(once, rows, read)
                if was_split:
                    sink.update(splits=sorted({*sink.manifest["splits"], number}))
                    watcher.note(
                        f"batch {number} did not fit in memory and was split: lower --batch-tokens "
                        "for results that repeat to the last bit"
                    )
                under_way.append((number, writer.submit(write, rows, read, flight)))
                # A device gets its next pass before the last one is waited for.
                while len(under_way) > (AHEAD if flight.is_under_way else 0):
                    finish(*under_way.popleft())
            while under_way:
                finish(*under_way.popleft())
        finally:  # of what is not begun when a run is ended, nothing is written
            writer.shutdown(wait=True, cancel_futures=True)

    def read(self, rows: IntArray) -> list[TokenRow]:
        """Rows as tokens."""
        data, model, kept = self.job.data, self.model, self._kept
        missing = [row for row in rows.tolist() if row not in kept]
        rendered = render_rows(data, model.renderer, missing, model.config.pair)
        found: dict[int, TokenRow] = {}
        for row, one in zip(missing, rendered, strict=True):
            if isinstance(one, RenderError):  # the survey took the row: no function of it
                raise SpansetError(
                    "the chat template gave two results for one row",
                    where=data.where(row),
                    why=str(one),
                    fix="use a template that does not depend on time or chance",
                )
            found[row] = one
        whole = [found[row] if row in found else kept[row] for row in rows.tolist()]
        return whole if self.cut is None else [self.cut(one) for one in whole]

    @cached_property
    def _kept(self) -> KeptTokens:
        """What need not be rendered again."""
        return self.model.kept_tokens(self.job.data)

    def _queued(
        self, once: Once, rows: IntArray, read: Sequence[TokenRow]
    ) -> tuple[Flight | Passed, bool]:
        """One pass; a batch that does not fit in memory is halved, and then waited for."""
        try:
            owner = np.repeat(np.arange(len(read)), [len(one.sequences) for one in read])
            return Flight(once(padded(read)), owner), False
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if len(read) == 1:
                raise SpansetError(
                    f"one row of {read[0].tokens:,} tokens does not fit in memory",
                    where=self.job.data.where(int(rows[0])),
                    why=str(error).partition("\n")[0],
                    fix="lower --max-length, or use --gradient-checkpointing or --model-dtype "
                    "bfloat16",
                ) from error
        free()  # outside the except clause, which keeps the failed pass's tensors alive
        half = len(read) // 2
        parts = [
            self._queued(once, rows[part], read[part])[0].landed()
            for part in (slice(None, half), slice(half, None))
        ]
        return Passed.joined(*parts), True


def padded(read: Sequence[TokenRow]) -> Batch:
    """All sequences of some rows as one batch."""
    return Batch.pad(
        [side.ids for one in read for side in one.sequences],
        [side.supervised for one in read for side in one.sequences],
        [weights for one in read for weights in one.weights],
    )


def is_out_of_memory(error: RuntimeError) -> bool:
    """Torch's own error on accelerators; on the host a plain one that says so."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def free() -> None:
    """Let go of memory that a failed pass held."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def means(scores: TokenScores, supervised: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Scores as a store keeps them: the summed loss, the means of the others."""
    return {
        "loss": scores.loss,
        "el2n": scores.el2n / supervised,
        "margin": scores.margin / supervised,
    }
