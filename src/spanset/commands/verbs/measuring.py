"""The verb `measure`: how diverse data sets are, or features, or a chosen subset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, overload

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.commands.prepared import Prepared, of_array
from spanset.commands.verbs.arguments import Array, matrix
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.diversity.catalogue import parse_measures, require_measurable, require_reference
from spanset.diversity.comparison import Comparison, reference_of
from spanset.diversity.estimate import Measure
from spanset.diversity.matched import (
    MeasuredData,
    drawn_pools,
    matched_pool,
    measure_sets,
    volume_rows,
)
from spanset.diversity.measured_sets import MeasuredSets, Measurements
from spanset.diversity.measurement import MeasuredSet, Measurement
from spanset.diversity.only_drawn import DrawnPools
from spanset.diversity.subsets import measure_subsets
from spanset.diversity.volume import Volume
from spanset.features.specs import parse_features
from spanset.greedy.kernel_choice import check_kernel

if TYPE_CHECKING:
    from typing_extensions import Unpack

Data = Dataset | Array


class Settings(TypedDict, total=False):
    """Keywords of `measure`, for type checkers."""

    n: int | None
    pool: int | None
    draws: int
    subset: IntArray | None
    features: str
    model: ModelConfig | None
    kernel: str
    gamma: float | str | None
    normalize: bool
    reference: Data | None
    dtype: str
    seed: int
    workers: int
    device: str
    watcher: Watcher


@overload
def measure(data: Data, metrics: str = "ldd", **settings: Unpack[Settings]) -> Measurement: ...
@overload
def measure(data: Data, metrics: Sequence[str], **settings: Unpack[Settings]) -> Measurements: ...
@overload
def measure(
    data: Mapping[str, Data], metrics: str | Sequence[str] = "ldd", **settings: Unpack[Settings]
) -> MeasuredSets: ...
def measure(
    data: Data | Mapping[str, Data],
    metrics: str | Sequence[str] = "ldd",
    *,
    n: int | None = None,
    pool: int | None = None,
    draws: int = 3,
    subset: IntArray | None = None,
    features: str = "static",
    model: ModelConfig | None = None,
    kernel: str = "rbf",
    gamma: float | str | None = None,
    normalize: bool = True,
    reference: Data | None = None,
    dtype: str = "float32",
    seed: int = 0,
    workers: int = 0,
    device: str = "cpu",
    watcher: Watcher = SILENT,
) -> Measurement | Measurements | MeasuredSets:
    """Measure how diverse data are.

    Parameters
    ----------
    data : Dataset or (N, d) array, or a mapping of names to them
        What is measured; data sets of a mapping are drawn in equal numbers and compare.
    metrics : str or sequence of str
        ``ldd``, ``equivalent-size``, ``vendi``, ``vendi:2`` ...; ``all``. docs/diversity.md tells
        what each sees and misses.
    n : int, optional
        Rows that log determinants are taken of; by default the pool, at most 10,000.
    pool : int, optional
        Rows drawn from each data set; by default 80 % of the smallest, at most 50,000.
    draws : int
        Draws of rows and of the reference; the value is their mean.
    subset : (s,) int64, optional
        Positions of chosen rows, best first: measures of volume are then taken of these rows, in
        this order, against a reference as large as the data.
    features, model, kernel, gamma, normalize
        How rows are represented and compared, as for `select`. A gamma that is to be found is found
        on the rows of all data sets together. Lengths count in volumes only, and need a reference
        that has some.
    reference : Dataset or (M, d) array, optional
        What volumes are compared with instead of points uniform on the sphere.
    dtype : {"float32", "float64"}
        Of the factor; float32 agrees to about 1e-5.
    seed, workers, device, watcher
        As for `select`.

    Returns
    -------
    Measurement, Measurements or MeasuredSets
        One measurement for one metric; a dict by metric for several; for a mapping, a list with a
        record a data set. All have `plot` and `to_pandas`.

    Raises
    ------
    UsageError
        No such metric, or n or pool that the data cannot fill.
    """
    check_kernel(kernel, gamma, dtype)
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0), ("workers", workers, 0)):
        if value < least:
            raise UsageError(f"{name} is {value}", where=name, fix=f"give {least} or more")
    measures = parse_measures([metrics] if isinstance(metrics, str) else metrics)
    if not normalize and reference is None:
        require_reference(measures)
    named = dict(data) if isinstance(data, Mapping) else {"data": data}
    with watcher.stage("represent"):
        rows = [one for one in named.values() if isinstance(one, Dataset)]
        pools = None
        if rows and len(rows) == len(named) and subset is None:
            pools = drawn_pools(rows, measures, pool, draws, seed)
        prepared = _prepared(named, features, model, normalize, seed, watcher, pools)
    against = reference_of(None if reference is None else _points(reference, prepared))
    how = Comparison(kernel, gamma, normalize, dtype, seed, workers, device)
    volume = prepared.volume(against, how, watcher)
    named_all = "all" in ([metrics] if isinstance(metrics, str) else metrics)
    has_rows = prepared.data is not None
    require_measurable(measures, has_rows or named_all, subset is None or named_all)
    draw = Draws(pool, n, draws, seed, watcher)
    with watcher.stage("measure"):
        if subset is None:
            results = draw.of_sets(prepared.sets, measures, volume)
        else:
            results = draw.of_subset(prepared.sets, subset, measures, volume)
    if isinstance(data, Mapping):
        return MeasuredSets(results)
    found = Measurements(results[0].measurements)
    is_one = isinstance(metrics, str) and len(measures) == 1
    return found[measures[0].name] if is_one else found


@dataclass(frozen=True)
class Draws:
    """How many rows are drawn, of how many a volume is taken, and how often."""

    pool: int | None
    n: int | None
    draws: int
    seed: int
    watcher: Watcher

    def of_sets(
        self, sets: Sequence[MeasuredData], measures: Sequence[Measure], volume: Volume
    ) -> list[MeasuredSet]:
        """Data sets side by side, by draws of equal size."""
        pool = matched_pool(list(map(len, sets)), self.pool)
        return measure_sets(
            sets,
            measures,
            replace(volume, n=volume_rows(self.n, pool)),
            pool=pool,
            draws=self.draws,
            seed=self.seed,
            watcher=self.watcher,
        )

    def of_subset(
        self,
        sets: Sequence[MeasuredData],
        subset: IntArray,
        measures: Sequence[Measure],
        volume: Volume,
    ) -> list[MeasuredSet]:
        """Chosen rows beside their pool."""
        if self.pool is not None:
            raise UsageError(
                "a pool is drawn where data sets are compared", where="pool", fix="leave it out"
            )
        if len(sets) > 1:
            raise UsageError("a subset is of one data set", where="subset", fix="give one")
        rows = _positions(subset, len(sets[0].X))
        return measure_subsets(
            sets[0].X,
            {"subset": rows},
            measures,
            replace(volume, n=volume_rows(self.n, len(rows), "the subset")),
            draws=self.draws,
            seed=self.seed,
            watcher=self.watcher,
            lengths=sets[0].lengths,
        )


def _prepared(
    named: Mapping[str, Data],
    features: str,
    model: ModelConfig | None,
    normalize: bool,
    seed: int,
    watcher: Watcher,
    pools: DrawnPools | None,
) -> Prepared:
    """Every data set with its features."""
    if not named:
        raise UsageError("there are no data", where="data", fix="give a data set, or features")
    sets = {name: one for name, one in named.items() if isinstance(one, Dataset)}
    if len(sets) == len(named):
        return Prepared.of_rows(
            sets,
            parse_features(features),
            normalize=normalize,
            seed=seed,
            model=model,
            watcher=watcher,
            pools=pools,
        )
    columns, arrays = None, {}
    for name, one in named.items():
        if isinstance(one, Dataset):
            raise UsageError(
                "data sets and features are mixed", where=name, fix="give all in one form"
            )
        arrays[name] = matrix(one, name, columns)
        columns = arrays[name].shape[1]
    return Prepared.of_arrays(arrays, normalize=normalize)


def _positions(subset: object, N: int) -> IntArray:
    """Positions of rows, each once and among N."""
    rows = np.asarray(subset)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise UsageError(
            f"subset has shape {rows.shape} and dtype {rows.dtype}, expected positions (rows,)",
            where="subset",
            fix="give integers, best first: select(...).order; of a mask, np.flatnonzero(mask)",
        )
    outside = rows[(rows < 0) | (rows >= N)]
    if outside.size:
        raise UsageError(
            f"position {int(outside[0])} is outside of the data's {N:,} rows", where="subset"
        )
    if len(np.unique(rows)) < len(rows):
        raise UsageError("a row is there twice", where="subset", fix="give each once")
    return rows.astype(np.int64)


def _points(reference: Data, prepared: Prepared) -> MeasuredData:
    """Points that volumes are compared with."""
    if not isinstance(reference, Dataset):
        X = matrix(reference, "reference")
        return of_array("reference", X, normalize=prepared.normalize, where="reference")
    if prepared.fitted is None:
        raise UsageError(
            "the reference has rows, the data are features",
            where="reference",
            fix="give its features",
        )
    return prepared.represented("reference", reference)
