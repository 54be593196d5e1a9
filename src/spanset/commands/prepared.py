"""Data sets with their features, ready to be measured: what the command and the verb share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.stages import Watcher
from spanset.base.unit_rows import directions
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.data.joining import joined
from spanset.diversity.comparison import Comparison, volume_of
from spanset.diversity.known_sets import KnownValue, known_values
from spanset.diversity.matched import MeasuredData
from spanset.diversity.only_drawn import DrawnPools
from spanset.diversity.volume import Reference, Volume
from spanset.features.of_sets import represent_sets
from spanset.features.representations import Representation
from spanset.features.specs import Spec
from spanset.kernels.choice import kernel_settings


@dataclass(frozen=True)
class Prepared:
    """Data sets ready to be measured.

    Attributes
    ----------
    sets : list of MeasuredData
        Features of each, of the rows that could be represented.
    normalize : bool
        Whether lengths do not count.
    data : Dataset or None
        All their rows; None where features were given.
    fitted : Representation or None
        What represented them.
    """

    sets: list[MeasuredData]
    normalize: bool
    data: Dataset | None = None
    fitted: Representation | None = None

    @classmethod
    def of_rows(
        cls,
        sets: Mapping[str, Dataset],
        spec: Spec,
        *,
        normalize: bool,
        seed: int,
        model: ModelConfig | None,
        watcher: Watcher,
        on_bad_row: str = "stop",
        pools: DrawnPools | None = None,
    ) -> Prepared:
        """Rows of each data set, represented together.

        Parameters
        ----------
        pools : DrawnPools, optional
            Draws that are all that is looked at: of large data sets no other rows are represented.
        """
        options = {"seed": seed, "model": model, "on_bad_row": on_bad_row, "watcher": watcher}
        if pools is not None:
            found = cls._of_drawn(sets, spec, pools, normalize, options)
            if found is not None:
                return found
        made = represent_sets(sets, spec, **options)
        measured = [
            MeasuredData(name, one.X, one.data, _counting(one.lengths, normalize))
            for name, one in zip(sets, made.sets, strict=True)
        ]
        return cls(measured, normalize, made.data, made.fitted)

    @classmethod
    def _of_drawn(
        cls,
        sets: Mapping[str, Dataset],
        spec: Spec,
        pools: DrawnPools,
        normalize: bool,
        options: dict[str, Any],
    ) -> Prepared | None:
        """Rows that are drawn alone; None where these are most rows, or too few have features."""
        only = {name: pools.rows(len(one)) for name, one in sets.items()}
        rows = {name: own for name, own in only.items() if own is not None}
        if len(rows) < len(sets):
            return None
        options["watcher"].note(
            f"measured on draws: features of {sum(map(len, rows.values())):,} of "
            f"{sum(map(len, sets.values())):,} rows are looked at"
        )
        made = represent_sets(sets, spec, only=rows, **options)
        measured, before = [], 0
        for (name, one), own in zip(sets.items(), made.sets, strict=True):
            kept = rows[name][own.kept - before]
            before += len(rows[name])
            draws = pools.positions(len(one), kept)
            if draws is None:
                return None
            lengths = _counting(own.lengths, normalize)
            measured.append(MeasuredData(name, own.X, own.data, lengths, draws, len(one)))
        whole = joined(list(sets.values()))
        data = replace(whole, unrepresented=made.data.unrepresented)
        return cls(measured, normalize, data, made.fitted)

    @classmethod
    def of_arrays(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        *,
        normalize: bool,
        where: Mapping[str, str] | None = None,
    ) -> Prepared:
        """Features of each data set; `where` has other names for messages."""
        places = where or {name: name for name in arrays}
        return cls(
            [
                of_array(name, X, normalize=normalize, where=places[name])
                for name, X in arrays.items()
            ],
            normalize,
        )

    def represented(self, name: str, rows: Dataset) -> MeasuredData:
        """More rows, represented as these are (which have to be rows)."""
        assert self.fitted is not None  # noqa: S101 (the caller has looked)
        made = self.fitted.transform(rows)
        return MeasuredData(name, made.X, made.data, _counting(made.lengths, self.normalize))

    @property
    def kind(self) -> str:
        """Kind of the features; of a store, what it holds."""
        return "array" if self.fitted is None else str(self.fitted.settings()["kind"])

    def known(self, volume: Volume, pool: int) -> list[KnownValue]:
        """What public data sets measure in this space; none where it is not that of the scale."""
        if self.fitted is None or not self.normalize:
            return []
        kernel = kernel_settings(volume.kernel)
        return known_values(self.fitted.settings(), kernel, pool, volume.n)

    def volume(self, against: Reference, how: Comparison, watcher: Watcher) -> Volume:
        """How volumes are taken of all of them; `n` is still to be set."""
        return volume_of(self.sets, self.kind, against, how, watcher)


def of_array(name: str, X: npt.NDArray[Any], *, normalize: bool, where: str) -> MeasuredData:
    """Features as they are: directions, and lengths where these count."""
    unit, lengths = directions(X, np.float32, where=where)
    return MeasuredData(name, unit, lengths=_counting(lengths, normalize))


def _counting(lengths: FloatArray | None, normalize: bool) -> FloatArray | None:
    """Lengths where they count."""
    return None if normalize else lengths
