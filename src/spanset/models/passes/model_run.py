"""The loop that fills a store by passes of a model: render, pass, write; progress and retries."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import SpansetError
from spanset.models.passes.forward import Read
from spanset.models.passes.padded import Batch
from spanset.models.passes.token_scores import TokenScores
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.sides import TokenRow
from spanset.models.rendering.token_survey import render_rows
from spanset.stores.maker import Job, MadeProgress
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore

if TYPE_CHECKING:
    from spanset.models.language_model import LanguageModel
    from spanset.models.passes.capture import Captured

Once = Callable[[Batch], "Captured | Read"]


@dataclass(frozen=True)
class Passed:
    """What a pass gives of b rows.

    Attributes
    ----------
    total : (b, d) float32 or None
        Gradients, the sides of a pair added up.
    hidden : (b, w) float32 or None
    scores : TokenScores
        Sums over the supervised tokens, of the first sequence.
    """

    total: npt.NDArray[np.float32] | None
    hidden: npt.NDArray[np.float32] | None
    scores: TokenScores

    @classmethod
    def of_rows(cls, found: Captured | Read, owner: IntArray) -> Passed:
        """From sequences to rows; `owner` (B,) is the row of each, first sequences first."""
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        scores = TokenScores(
            found.scores.loss[first], found.scores.el2n[first], found.scores.margin[first]
        )
        total = None if isinstance(found, Read) else found.total.cpu().numpy()
        if total is not None:
            total = np.add.reduceat(total, first, axis=0)
        hidden = None if found.hidden is None else found.hidden.cpu().numpy()[first]
        return cls(total, hidden, scores)

    @classmethod
    def joined(cls, one: Passed, other: Passed) -> Passed:
        """Rows of both, one after the other."""
        return cls(
            _joined(one.total, other.total),
            _joined(one.hidden, other.hidden),
            TokenScores(
                *(
                    np.concatenate([getattr(one.scores, name), getattr(other.scores, name)])
                    for name in ("loss", "el2n", "margin")
                )
            ),
        )


def _joined(
    one: npt.NDArray[np.float32] | None, other: npt.NDArray[np.float32] | None
) -> npt.NDArray[np.float32] | None:
    return None if one is None or other is None else np.concatenate([one, other])


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
        store: FeatureStore,
        once: Once,
        put: Callable[[IntArray, npt.NDArray[np.uint8], Passed], None],
    ) -> None:
        """Make the pending batches; the store is open for writing.

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
        tokens, watcher = store.column("tokens"), self.model.watcher
        batches = {number: self.job.batches[number] for number in self.job.pending}
        sizes = {number: int(tokens[rows].sum()) for number, rows in batches.items()}
        work, wanted = sum(sizes.values()), sum(map(len, batches.values()))
        tokens_done = rows_done = 0
        started = monotonic()
        for number, read in self._prepared():
            rows = batches[number]
            passed, was_split = self._passed(once, rows, read)
            if was_split:
                store.update(splits=sorted({*store.manifest["splits"], number}))
                watcher.note(
                    f"batch {number} did not fit in memory and was split: lower --batch-tokens for "
                    "results that repeat to the last bit"
                )
            status = np.where([one.truncated for one in read], Status.TRUNCATED, Status.OK)
            put(rows, status.astype(np.uint8), passed)
            tokens_done, rows_done = tokens_done + sizes[number], rows_done + len(rows)
            speed = tokens_done / (monotonic() - started)
            watcher.progress(MadeProgress(rows_done, wanted, speed, tokens_done / work, "tokens"))

    def read(self, rows: IntArray) -> list[TokenRow]:
        """Rows as tokens."""
        data, config = self.job.data, self.model.config
        read = []
        found = render_rows(data, self.model.renderer, rows.tolist(), config.pair)
        for row, one in zip(rows, found, strict=True):
            if isinstance(one, RenderError):  # the survey took the row: no function of it
                raise SpansetError(
                    "the chat template gave two results for one row",
                    where=data.where(int(row)),
                    why=str(one),
                    fix="use a template that does not depend on time or chance",
                )
            read.append(one if self.cut is None else self.cut(one))
        return read

    def _prepared(self) -> Iterator[tuple[int, list[TokenRow]]]:
        """Batches as tokens, rendered while the model is at the one before."""
        with ThreadPoolExecutor(1) as pool:

            def begin(number: int) -> tuple[int, Future[list[TokenRow]]]:
                return number, pool.submit(self.read, self.job.batches[number])

            ahead = [begin(number) for number in self.job.pending[:1]]
            for following in [*self.job.pending[1:], None]:
                number, read = ahead.pop()
                ready = read.result()
                if following is not None:
                    ahead.append(begin(following))
                yield number, ready

    def _passed(self, once: Once, rows: IntArray, read: Sequence[TokenRow]) -> tuple[Passed, bool]:
        """One pass; a batch that does not fit in memory is halved."""
        try:
            owner = np.repeat(np.arange(len(read)), [len(one.sequences) for one in read])
            return Passed.of_rows(once(padded(read)), owner), False
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
            self._passed(once, rows[part], read[part])[0]
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
