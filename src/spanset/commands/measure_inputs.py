"""What `spanset measure` measures: data sets, the data beside them, and their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.file_digest import sha256_of
from spanset.base.short_names import short_names
from spanset.base.sorted_places import places_in
from spanset.base.stages import Watcher
from spanset.commands.prepared import Prepared, of_array
from spanset.config.comma_lists import comma_list
from spanset.config.measure_settings import MeasureConfig
from spanset.data.containers.inputs import identity
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.diversity.matched import MeasuredData
from spanset.diversity.only_drawn import DrawnPools
from spanset.features.array import ArrayFeatures, load_array
from spanset.features.specs import parse_features


@dataclass(frozen=True)
class MeasureInputs:
    """The data sets that DATA names: each argument is one; rows, or features in .npy files."""

    names: list[str]
    paths: list[str]
    rows: list[Dataset]

    @classmethod
    def read(cls, config: MeasureConfig) -> MeasureInputs:
        """Read what DATA names."""
        paths = list(config.data)
        if not paths:
            raise UsageError("no data given", where="DATA", fix="name at least one file")
        if config.measuring.subset and len(paths) > 1:
            raise UsageError(
                "subsets are of one data set",
                where="--subset",
                why=f"{len(paths)} are given",
                fix="name the data that they were chosen from; a quoted glob is one data set",
            )
        _refuse_twice(paths)
        bare = [path for path in paths if path.endswith(".npy")]
        if not bare:
            rows = [read_data((path,), config.reading) for path in paths]
            return cls(short_names(paths), paths, rows)
        if len(bare) < len(paths):
            other = next(path for path in paths if path not in bare)
            raise UsageError(
                "rows and arrays of features are mixed",
                where=other,
                fix="measure .npy files beside .npy files; features of rows come with --features",
            )
        if config.features.features or config.model.model:
            raise UsageError(
                "the data are features already", where="--features", fix="leave it out"
            )
        return cls(short_names(paths), paths, [])

    def space(self, config: MeasureConfig) -> str:
        """What rows are compared by, in words."""
        if not self.rows:
            return "given"
        return str(parse_features(config.features.features, config.model.model))

    def digests(self, config: MeasureConfig) -> dict[str, str | None]:
        """Files that are read beside rows of DATA, to their digests."""
        asked = config.measuring
        beside = (asked.given, asked.reference, asked.scores, *comma_list(asked.subset))
        names = [*([] if self.rows else self.paths), *(name for name in beside if name)]
        return {name: _digest(Path(name)) for name in names}

    def prepared(
        self, config: MeasureConfig, watcher: Watcher, pools: DrawnPools | None = None
    ) -> Prepared:
        """Features of every data set, or of the rows of these draws."""
        normalize = config.features.normalize
        if self.rows:
            return Prepared.of_rows(
                dict(zip(self.names, self.rows, strict=True)),
                parse_features(config.features.features, config.model.model),
                normalize=normalize,
                seed=config.measuring.seed,
                model=config.model,
                on_bad_row=config.reading.on_bad_row,
                watcher=watcher,
                pools=pools,
            )
        arrays = [load_array(path) for path in self.paths]
        for path, X in zip(self.paths, arrays, strict=True):
            _require_columns(X, path, arrays[0].shape[1], self.paths[0])
        return Prepared.of_arrays(
            dict(zip(self.names, arrays, strict=True)),
            normalize=normalize,
            where=dict(zip(self.names, self.paths, strict=True)),
        )


def more_data(prepared: Prepared, path: str, flag: str, config: MeasureConfig) -> MeasuredData:
    """Features of a file of more data, represented as the data sets are."""
    where = f"{flag} {path}"
    if path.endswith(".npy"):
        X = load_array(path)
        _require_columns(X, where, prepared.sets[0].X.shape[1], prepared.sets[0].name)
        return of_array(path, X, normalize=prepared.normalize, where=where)
    if prepared.fitted is None or isinstance(prepared.fitted, ArrayFeatures):
        raise UsageError(
            "the data are features, and these are rows"
            if prepared.fitted is None
            else "the features of the data are an array, and these are rows",
            where=where,
            fix="give their features as a .npy file",
        )
    return prepared.represented(path, read_data((path,), config.reading))


def positions_of(prepared: Prepared, name: str, ids: IntArray) -> IntArray:
    """Positions of a subset's rows among those that have features, by their row numbers."""
    one = prepared.sets[0]
    known = np.arange(len(one.X)) if one.data is None else one.data.ids
    places, is_there = places_in(known, ids)
    wrong = np.flatnonzero(~is_there)
    if len(wrong):
        raise DataError(
            f"row {int(ids[wrong[0]])} is not one of the usable rows",
            where=name,
            why=f"{len(wrong):,} of {len(ids):,} row numbers are not; the data has "
            f"{len(known):,} usable rows",
            fix="name the data that the subset was chosen from, all files in the same order",
        )
    return places


def _digest(path: Path) -> str | None:
    """Of a file, or of the row numbers in a run folder."""
    file = path / "ids.txt" if path.is_dir() else path
    return sha256_of(file) if file.is_file() else None


def _refuse_twice(paths: Sequence[str]) -> None:
    """Refuse a data set beside itself, however it is named."""
    seen: dict[str, str] = {}
    for path in paths:
        place = identity(path)
        if place in seen:
            raise UsageError(
                "the data set is given twice",
                where=path,
                why=f"{seen[place]!r} is the same",
                fix="name it once",
            )
        seen[place] = path


def _require_columns(X: Any, path: str, columns: int, first: str) -> None:
    if X.shape[1] != columns:
        raise DataError(
            f"{X.shape[1]} columns, {first} has {columns}",
            where=path,
            fix="represent all data sets in the same way",
        )
