"""Measures by their names on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from spanset.base.errors import UsageError
from spanset.diversity.estimate import Measure
from spanset.diversity.ldd import FLOORS, LDD, EquivalentSize, Extent, FloorShare, VolumeMeasure
from spanset.diversity.measures.categories import Categories, Sources
from spanset.diversity.measures.clusters import Inertia, PartitionEntropy
from spanset.diversity.measures.compression import CompressionRatio
from spanset.diversity.measures.coverage import Coverage
from spanset.diversity.measures.distances import MeanDistance, NearestDistance
from spanset.diversity.measures.near_duplicates import NearDuplicates
from spanset.diversity.measures.novelsum import NovelSum
from spanset.diversity.measures.radius import Radius
from spanset.diversity.measures.vendi import Vendi
from spanset.diversity.measures.words import Distinct, TypeTokenRatio, VocdD
from spanset.diversity.sample import NEAREST

# Name to what makes the measure, in the order of tables.
PLAIN: dict[str, Callable[[], Measure]] = {
    "ldd": LDD,
    "equivalent-size": EquivalentSize,
    "floor-share": FloorShare,
    "vendi": Vendi,
    "novelsum": NovelSum,
    "mean-distance": MeanDistance,
    "knn": NearestDistance,
    "coverage": Coverage,
    "inertia": Inertia,
    "partition-entropy": PartitionEntropy,
    "radius": Radius,
    "near-duplicates": NearDuplicates,
    "type-token-ratio": TypeTokenRatio,
    "vocd-d": VocdD,
    "distinct-1": lambda: Distinct(1),
    "distinct-2": lambda: Distinct(2),
    "distinct-3": lambda: Distinct(3),
    "compression-ratio": CompressionRatio,
    "sources": Sources,
    "extent": Extent,
}

# What is measured where nothing is named: those that tell something the others do not. Over 14 data
# sets in the default space (docs/diversity.md) each ranks them otherwise than the others do, but
# for the equivalent size, which says LDD in rows.
DEFAULT = ("ldd", "equivalent-size", "near-duplicates", "vendi", "novelsum", "distinct-2")

# Those that "all" leaves out: another greedy run, and what one file a set makes pointless.
ON_REQUEST = ("sources", "extent")

# Measures with a choice: what stands after the colon.
ARGUMENTS = {
    "ldd": "clamp or drop",
    "extent": "clamp or drop",
    "vendi": "a positive order, or inf",
    "knn": f"1 to {NEAREST}",
    "near-duplicates": "a cosine below 1",
    "inertia": "a number of clusters",
    "partition-entropy": "a number of clusters",
    "categories": "a field of the rows",
}


def parse_measures(names: Iterable[str]) -> list[Measure]:
    """Measures by names, each once: ``all``, ``vendi``, ``vendi:2``, ``categories:topic``.

    Raises
    ------
    UsageError
        A name that is no measure, or an argument that does not fit.
    """
    measures: dict[str, Measure] = {}
    for text in names:
        for name in text.split(","):
            if name.strip() == "all":
                made = [make() for kind, make in PLAIN.items() if kind not in ON_REQUEST]
            else:
                made = [_measure(name.strip())]
            for measure in made:
                measures.setdefault(measure.name, measure)
    if not measures:
        raise UsageError("no measure is named", where="--metrics", fix="leave it out, or give all")
    return list(measures.values())


def require_measurable(measures: Iterable[Measure], has_rows: bool, has_pools: bool) -> None:
    """Refuse measures that are asked for by name and cannot be taken.

    Parameters
    ----------
    has_rows : bool
        Whether there are rows to read beside features.
    has_pools : bool
        Whether pools are drawn; subsets are measured by their volume alone.
    """
    for measure in measures:
        if measure.needs_rows and not has_rows:
            raise UsageError(
                f"{measure.name} is measured on rows, and there are features only",
                where="--metrics",
                fix="measure the rows, with their features as array:FILE.npy",
            )
        if not has_pools and (
            not isinstance(measure, VolumeMeasure) or isinstance(measure, Extent)
        ):
            raise UsageError(
                f"{measure.name} is no measure of a subset's volume",
                where="--metrics",
                fix="use ldd, equivalent-size or floor-share; measure the subset's file for others",
            )


def _measure(text: str) -> Measure:
    kind, colon, argument = text.partition(":")
    if not colon and kind in PLAIN:
        return PLAIN[kind]()
    if kind not in ARGUMENTS or not argument:
        choices = (f"{name}:X with X {choice}" for name, choice in ARGUMENTS.items())
        known = ", ".join([*PLAIN, *choices])
        raise UsageError(f"no measure {text!r}", where="--metrics", fix=f"use {known}")
    try:
        return _with_argument(kind, argument)
    except ValueError:
        raise UsageError(
            f"{text!r} is no measure",
            where="--metrics",
            fix=f"after {kind}: comes {ARGUMENTS[kind]}",
        ) from None


def _with_argument(kind: str, argument: str) -> Measure:
    if kind == "vendi":
        return Vendi(float(argument))
    if kind == "knn":
        k = int(argument)
        if not 1 <= k <= NEAREST:
            raise ValueError(k)
        return NearestDistance(k)
    if kind == "near-duplicates":
        threshold = float(argument)
        if not 0.0 < threshold < 1.0:
            raise ValueError(threshold)
        return NearDuplicates(threshold)
    if kind in ("inertia", "partition-entropy"):
        return (Inertia if kind == "inertia" else PartitionEntropy)(int(argument))
    if kind == "categories":
        return Categories(argument)
    if argument not in FLOORS:
        raise ValueError(argument)
    floor = "drop" if argument == "drop" else "clamp"
    return LDD(floor) if kind == "ldd" else Extent(floor)


def require_reference(measures: Sequence[Measure], *, additions: bool = False) -> None:
    """Refuse to compare volumes of rows of any length with points on the unit sphere.

    Raises
    ------
    UsageError
        A measure of volume among them, or what new data add.
    """
    of_volume = [one.name for one in measures if isinstance(one, VolumeMeasure)]
    if of_volume or additions:
        raise UsageError(
            "points on the unit sphere are no reference for features with their lengths",
            where="--no-normalize",
            why=f"{'--given' if additions else of_volume[0]} compares volumes",
            fix="give --reference DATA, or leave out --no-normalize (normalize=False)",
        )
