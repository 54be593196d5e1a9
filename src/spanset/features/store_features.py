"""Features out of a store that the user named: unit rows, found by their conversations."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spanset.data.dataset import Dataset
from spanset.errors import UsageError
from spanset.features.parts import Parts, opened
from spanset.features.represented import Represented
from spanset.features.store import FeatureStore
from spanset.stages import SILENT, Watcher


@dataclass(frozen=True)
class StoreFeatures:
    """``store:FOLDER``: features made before; any rows that it holds, in any order.

    Of lexical features a store holds all that is needed for further rows: they are made, too.
    """

    path: str
    watcher: Watcher = field(default=SILENT, repr=False)

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows.

        Raises
        ------
        UsageError
            No store, one that is not finished, or only a shard.
        DataError
            Rows that it does not hold.
        """
        parts = opened(self.path)
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
        parts = opened(self.path)
        if self.settings()["kind"] != "lexical":
            parts.require_all(data)

    def settings(self) -> dict[str, Any]:
        """The store's."""
        return dict(FeatureStore(Path(self.path)).manifest["settings"])

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return int(opened(self.path).stores[0].column("features").shape[1])

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
