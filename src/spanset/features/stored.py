"""Features out of a store that the user named: unit rows, found by their conversations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.specs import KINDS
from spanset.models.rendering.sides import has_pairs
from spanset.stores.checks import refuse_difference
from spanset.stores.parts import Parts, opened
from spanset.stores.places import store_place
from spanset.stores.represented import Represented, Scored


@dataclass(frozen=True)
class StoreFeatures:
    """``store:FOLDER``: features made before; any rows that it holds, in any order.

    Of lexical features a store holds all that is needed for further rows: they are made, too.
    """

    path: str
    watcher: Watcher = field(default=SILENT, repr=False)

    @classmethod
    def load(
        cls, path: str, _config: ModelConfig, *, watcher: Watcher = SILENT, **_: object
    ) -> StoreFeatures:
        """The store is opened when it is read."""
        return cls(path, watcher)

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows.

        Raises
        ------
        UsageError
            No store, one that is not finished, or only a shard.
        DataError
            Rows that it does not hold.
        """
        parts = self._opened()
        lacking = parts.lacking(data)
        if not len(lacking) or self.settings()["kind"] != "lexical":
            return parts.represented(data)
        more = self._hashed(parts, data[lacking])
        there = np.setdiff1d(np.arange(len(data)), lacking)
        if not len(there):
            return more
        X = np.empty((len(data), more.X.shape[1]), np.float32)
        X[there] = parts.represented(data[there]).X
        X[lacking] = more.X
        return Represented.whole(X, data)

    def require(self, data: Dataset) -> None:
        """Refuse rows that it does not hold, without reading features."""
        parts = self._opened()
        if self.settings()["kind"] != "lexical":
            parts.require_all(data)

    def settings(self) -> dict[str, Any]:
        """The store's."""
        return dict(self._opened().stores[0].manifest["settings"])

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return self._opened().stores[0].dimension

    def scores(
        self,
        data: Dataset,
        names: Collection[str],
        settings: dict[str, Any] | None = None,
        *,
        from_gradients: bool = False,
    ) -> Scored | None:
        """Columns of the data's rows; None where the store has no such.

        Parameters
        ----------
        settings : dict, optional
            Of the hidden states that go with the scores, where they must be of a given model.
        from_gradients : bool
            Whether lengths of gradients are meant, which no other store has; of a pair that of one
            side, which is not there where the gradient is of the difference.
        """
        from spanset.features.hidden import has_scores

        parts = opened(store_place(self.path)[0])
        made_with = parts.stores[0].manifest["settings"]
        if not _is_of_language(made_with["kind"]) or not parts.columns >= set(names):
            return None
        if from_gradients and made_with["kind"] != "gradient":
            return None
        if from_gradients and made_with["pair"] == "difference" and has_pairs(data):
            return None
        if settings is not None and not all(has_scores(one, settings) for one in parts.stores):
            return None
        return parts.scores(data, names)

    def _opened(self) -> Parts:
        """The store that is named, or the hidden states in it."""
        folder, is_hidden = store_place(self.path)
        parts = opened(folder)
        kind = parts.stores[0].manifest["settings"]["kind"]
        if not is_hidden or kind == "hidden":
            return parts
        from spanset.features.hidden import hidden_view

        views = [view for store in parts.stores if (view := hidden_view(store)) is not None]
        if len(views) < len(parts.stores):
            raise UsageError(
                "the store holds no hidden states",
                where=f"store:{self.path}",
                why="it was made with --no-hidden"
                if kind == "gradient"
                else f"it holds {kind} features",
                fix="make one: spanset features DATA --features hidden:M --out STORE",
            )
        for view in views:  # the stores' settings are the same, whatever lies beside
            refuse_difference(view, views[0].manifest, parts=("settings",))
        return Parts(tuple(views))

    def _hashed(self, parts: Parts, data: Dataset) -> Represented:
        """Rows that the store lacks, by its own idf."""
        from spanset.features.lexical import LexicalFeatures

        maker = LexicalFeatures.of_store(parts.stores[0], self.watcher)
        if maker.settings() != self.settings():
            raise UsageError(
                "the store was made by another version of spanset",
                where=self.path,
                why="rows that it lacks would get other features",
                fix="make it again: spanset features DATA --features lexical --out STORE",
            )
        return maker.transform(data)


def _is_of_language(kind: str) -> bool:
    """Whether a language model left scores beside features of this kind."""
    return kind in KINDS and KINDS[kind].takes_model
