"""The verb `measure`: how diverse data sets are, or features, or a chosen subset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, overload

import numpy as np

from spanset.config import ModelConfig
from spanset.data.dataset import Dataset
from spanset.diversity.catalogue import parse_measures, require_measurable, require_reference
from spanset.diversity.measuring import MeasuredData, matched_pool, measure_sets, volume_rows
from spanset.diversity.reference import (
    DataReference,
    Reference,
    SphereReference,
    reference_folder,
)
from spanset.diversity.subsets import measure_subsets
from spanset.diversity.volume import Volume
from spanset.errors import UsageError
from spanset.features import Representation, parse_features
from spanset.features.rows import directions
from spanset.results import IntArray, MeasuredSet, Measurement
from spanset.similarity import check_kernel, choose_kernel, usual_gamma
from spanset.stages import SILENT, Watcher
from spanset.verbs.arguments import Array, matrix

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
def measure(
    data: Data, metrics: Sequence[str], **settings: Unpack[Settings]
) -> dict[str, Measurement]: ...
@overload
def measure(
    data: Mapping[str, Data], metrics: str | Sequence[str] = "ldd", **settings: Unpack[Settings]
) -> list[MeasuredSet]: ...
def measure(
    data: Data | Mapping[str, Data],
    metrics: str | Sequence[str] = "ldd",
    *,
    n: int | None = None,
    pool: int | None = None,
    draws: int = 3,
    subset: IntArray | None = None,
    features: str = "lexical",
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
) -> Measurement | dict[str, Measurement] | list[MeasuredSet]:
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
    Measurement, dict or list of MeasuredSet
        One measurement for one metric; by metric for several; a record a data set for a mapping.

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
    sets, fitted = _represented(named, features, model, seed, watcher)
    against = _reference(reference, fitted, normalize)
    if normalize:
        sets = [replace(one, lengths=None) for one in sets]
    kind = "array" if fitted is None else fitted.settings()["kind"]
    similarity = choose_kernel(
        kernel,
        usual_gamma(kernel, gamma, kind),
        [(one.X, one.lengths) for one in sets],
        normalize=normalize,
        seed=seed,
        workers=workers,
        device=device,
        watcher=watcher,
    )

    def volume(rows: int) -> Volume:
        return Volume(
            rows,
            similarity,
            against,
            dtype,
            workers,
            device,
            on_note=watcher.note,
            cancelled=watcher.cancelled,
        )

    named_all = "all" in ([metrics] if isinstance(metrics, str) else metrics)
    require_measurable(measures, sets[0].data is not None or named_all, subset is None or named_all)
    if subset is not None:
        if pool is not None:
            raise UsageError(
                "a pool is drawn where data sets are compared", where="pool", fix="leave it out"
            )
        if len(sets) > 1:
            raise UsageError("a subset is of one data set", where="subset", fix="give one")
        rows = _positions(subset, len(sets[0].X))
        picked = volume(volume_rows(n, len(rows), "the subset"))
        results = measure_subsets(
            sets[0].X,
            {"subset": rows},
            measures,
            picked,
            draws=draws,
            seed=seed,
            watcher=watcher,
            lengths=sets[0].lengths,
        )
    else:
        pool = matched_pool([len(one.X) for one in sets], pool)
        results = measure_sets(
            sets,
            measures,
            volume(volume_rows(n, pool)),
            pool=pool,
            draws=draws,
            seed=seed,
            watcher=watcher,
        )
    if isinstance(data, Mapping):
        return results
    found = results[0].measurements
    is_one = isinstance(metrics, str) and len(measures) == 1
    return found[measures[0].name] if is_one else found


def _represented(
    named: Mapping[str, Data], features: str, model: ModelConfig | None, seed: int, watcher: Watcher
) -> tuple[list[MeasuredData], Representation | None]:
    """Every data set with its features; the representation, where rows were represented."""
    if not named:
        raise UsageError("there are no data", where="data", fix="give a data set, or features")
    if all(isinstance(one, Dataset) for one in named.values()):
        from spanset.features.of_sets import represent_sets

        sets = {name: one for name, one in named.items() if isinstance(one, Dataset)}
        made = represent_sets(
            sets, parse_features(features), seed=seed, model=model, watcher=watcher
        )
        pairs = zip(sets, made.sets, strict=True)
        measured = [MeasuredData(name, one.X, one.data, one.lengths) for name, one in pairs]
        return measured, made.fitted
    columns = None
    found = []
    for name, one in named.items():
        if isinstance(one, Dataset):
            raise UsageError(
                "data sets and features are mixed", where=name, fix="give all in one form"
            )
        X = matrix(one, name, columns)
        columns = X.shape[1]
        unit, lengths = directions(X, np.float32, where=name)
        found.append(MeasuredData(name, unit, lengths=lengths))
    return found, None


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


def _reference(reference: Data | None, fitted: Representation | None, normalize: bool) -> Reference:
    """What volumes are compared with."""
    if reference is None:
        return SphereReference(reference_folder())
    if not isinstance(reference, Dataset):
        X, lengths = directions(matrix(reference, "reference"), np.float32, where="reference")
        return DataReference(X, "reference", None if normalize else lengths)
    if fitted is None:
        raise UsageError(
            "the reference has rows, the data are features",
            where="reference",
            fix="give its features",
        )
    made = fitted.transform(reference)
    return DataReference(made.X, "reference", None if normalize else made.lengths)
