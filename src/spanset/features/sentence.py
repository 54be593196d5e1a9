"""Sentence embeddings as features: any sentence-transformers model, of the prompts by default.

Wang et al. (2024) compare MPNet embeddings of the prompts ("MpNet Emb"). Rows whose prompts mean
alike are alike, whatever their answers; `--text` chooses what the model reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import SpansetError
from spanset.base.findable import findable
from spanset.base.software import machine
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.data.encodable import encodable
from spanset.models.model_files import model_device, model_dtype
from spanset.models.sentence_models import SentenceFiles, find_sentence_model, load_sentence_model
from spanset.stores.columns import COUNTED, NORM, Entry
from spanset.stores.keeping import from_cache
from spanset.stores.maker import Job, MadeProgress, Recipe, Sink
from spanset.stores.making import put_rows
from spanset.stores.represented import Represented
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.survey import Survey

BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}  # of a pass, where --batch-tokens does not say
TIMED_ROWS = 64  # for an estimate of time


@dataclass(frozen=True)
class SentenceFeatures:
    """Embeddings of one model: a representation, and what fills a store.

    Attributes
    ----------
    files : SentenceFiles
        The model.
    config : ModelConfig
        Settings: text, max_length, device, model_dtype, batch_tokens.
    """

    files: SentenceFiles
    config: ModelConfig
    watcher: Watcher = field(default=SILENT, repr=False)

    @classmethod
    def load(
        cls,
        name: str,
        config: ModelConfig,
        *,
        seed: int = 0,  # noqa: ARG003 (as every kind)
        on_bad_row: str = "stop",  # noqa: ARG003
        watcher: Watcher = SILENT,
    ) -> SentenceFeatures:
        """Find the model; weights are loaded when they are needed."""
        return cls(find_sentence_model(name, config.revision), config, watcher)

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows; from the cache what is there."""
        return from_cache(self, data)

    def settings(self) -> dict[str, Any]:
        """The model and what it reads."""
        return {
            "kind": "sentence",
            "model": {
                "name": self.files.name,
                "revision": self.files.revision,
                "digest": self.files.digest,
            },
            "model_dtype": self._dtype,
            "text": self.config.text,
            "max_length": self.config.max_length,
        }

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        # Named otherwise before version 6, where the old name warns.
        newer = getattr(self._model, "get_embedding_dimension", None)
        size = newer() if newer else self._model.get_sentence_embedding_dimension()
        return int(size)

    @property
    def columns(self) -> dict[str, Entry]:
        """Numbers of tokens, lengths of embeddings."""
        return {"tokens": COUNTED["tokens"]} | NORM

    @property
    def batch(self) -> tuple[str, int]:
        """Tokens of a pass."""
        device = model_device(self.config.device).partition(":")[0]
        return "tokens", self.config.batch_tokens or BATCH_TOKENS[device]

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """None: the model is all."""
        return {}

    def view(self, store: FeatureStore) -> None:
        """Nothing else holds them."""

    def survey(self, data: Dataset) -> Survey:
        """Count the tokens of every distinct row."""
        seen, longest = Survey.start(data.digests, "tokens"), self._model.max_seq_length
        for rows in seen.distinct():
            texts = [self._text(data.conversation(row)) for row in rows]
            counts = self._count_tokens(texts)
            seen.columns["tokens"][rows] = np.minimum(counts, longest or counts)
            seen.truncated[rows] = longest is not None and counts > longest
            is_empty = [not text.strip() for text in texts]
            seen.status[np.array(rows)[is_empty]] = Status.NO_TEXT
        seen.spread()
        return seen

    def seconds(self, data: Dataset, seen: Survey) -> float:
        """Of a few rows of middling length, timed."""
        rows = np.flatnonzero(seen.status == Status.PENDING)
        tokens = seen.columns["tokens"]
        rows = rows[np.argsort(tokens[rows], kind="stable")]
        middle = rows[max(0, len(rows) // 2 - TIMED_ROWS // 2) :][:TIMED_ROWS]
        texts = [self._text(data.conversation(row)) for row in middle.tolist()]
        self._embed(texts[:1], "")  # the first call is slow
        started = monotonic()
        self._embed(texts, data.where(int(middle[0])))
        return (monotonic() - started) * (seen.cost.tokens or 0) / int(tokens[middle].sum())

    def recipe(self) -> Recipe:
        """By name: the model is found in the same place there."""
        # An actor has one card, whatever its number is on the machine.
        device = model_device(self.config.device).partition(":")[0]
        return partial(self.load, findable(self.files.name), replace(self.config, device=device))

    def prepare(self) -> None:
        """Load the weights."""
        self._model  # noqa: B018 (loaded once, kept)

    def machine(self) -> dict[str, Any]:
        """Device and software."""
        return machine(model_device(self.config.device), "sentence-transformers")

    def fill(self, job: Job, sink: Sink) -> None:
        """Make the batches."""
        tokens, longest = sink.column("tokens"), self._model.max_seq_length
        batches = list(job.batches.values())
        work, wanted = sum(int(tokens[rows].sum()) for rows in batches), sum(map(len, batches))
        tokens_done = rows_done = 0
        started = monotonic()
        for rows in batches:
            texts = [self._text(job.data.conversation(row)) for row in rows.tolist()]
            vectors = self._embed(texts, job.data.where(int(rows[0])))
            status = np.full(len(rows), Status.OK, np.uint8)
            if longest is not None and int(tokens[rows].max()) >= longest:
                status[self._count_tokens(texts) > longest] = Status.TRUNCATED
            put_rows(sink, rows, vectors, status)
            rows_done, tokens_done = rows_done + len(rows), tokens_done + int(tokens[rows].sum())
            speed = rows_done / (monotonic() - started)
            self.watcher.progress(MadeProgress(rows_done, wanted, speed, tokens_done / work))

    @cached_property
    def _model(self) -> Any:
        return load_sentence_model(
            self.files,
            device=model_device(self.config.device),
            dtype=self._dtype,
            max_length=self.config.max_length,
        )

    @property
    def _dtype(self) -> str:
        """Float32 on every device unless told otherwise: the models are small, and halves blur."""
        chosen = self.config.model_dtype
        return "float32" if chosen == "auto" else model_dtype(chosen, "cpu")

    def _text(self, conversation: Conversation) -> str:
        """What the model reads of a row."""
        kinds = {"prompt": conversation.prompt, "answer": conversation.answer}
        return encodable(kinds.get(self.config.text, conversation.text))

    def _count_tokens(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Tokens of each text with all that the model adds, before it is cut."""
        model = self._model
        before = model.prompts.get(model.default_prompt_name) or ""
        whole = [before + text for text in texts]
        if callable(model.tokenizer):
            encoded: Any = model.tokenizer(whole, verbose=False)
            return np.array([len(ids) for ids in encoded["input_ids"]])
        return np.array([len(one.ids) for one in model.tokenizer.encode_batch(whole)])

    def _embed(self, texts: list[str], where: str) -> npt.NDArray[np.float32]:
        """Vectors of one batch (b, d)."""
        try:
            return self._model.encode(
                texts, batch_size=len(texts), show_progress_bar=False, convert_to_numpy=True
            ).astype(np.float32)
        except RuntimeError as error:
            raise SpansetError(
                "the sentence model failed",
                where=where,
                why=str(error).partition("\n")[0],
                fix="if memory is short, lower --batch-tokens or --max-length",
            ) from error
