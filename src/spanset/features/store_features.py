"""Features out of a store that the user named: unit rows, found by their conversations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.data.dataset import Dataset
from spanset.features.parts import Parts, lacking, opened
from spanset.features.represented import Represented
from spanset.features.store import FeatureStore


@dataclass(frozen=True)
class StoreFeatures:
    """``store:FOLDER``: features made before; any rows that it holds, in any order.

    Of lexical features a store holds all that is needed for further rows: they are made, too.
    """

    path: str

    def transform(self, data: Dataset) -> Represented:
        """Unit rows of the data set's rows.

        Raises
        ------
        UsageError
            No store, one that is not finished, or only a shard.
        DataError
            Rows that it does not hold.
        """
        parts, digests = opened(self.path), data.digests
        rows = lacking(parts, digests)
        if len(rows) and self.settings()["kind"] == "lexical":
            from spanset.features.lexical import LexicalFeatures

            more = LexicalFeatures.of_store(parts.stores[0]).parts(data[rows], digests[rows])
            parts = Parts((*parts.stores, *more.stores))
        return parts.represented(data, digests)

    def settings(self) -> dict[str, Any]:
        """The store's."""
        return dict(FeatureStore(Path(self.path)).manifest["settings"])

    @property
    def dimension(self) -> int:
        """Columns of the features."""
        return int(opened(self.path).stores[0].column("features").shape[1])
