"""What data sets are compared by: one kernel, one reference and one way to take volumes for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spanset.base.stages import Watcher, told_once
from spanset.diversity.matched import MeasuredData
from spanset.diversity.reference import DataReference, SphereReference, reference_folder
from spanset.diversity.volume import Reference, Volume
from spanset.greedy.kernel_choice import choose_kernel
from spanset.kernels.gamma import usual_gamma


@dataclass(frozen=True)
class Comparison:
    """Settings of a comparison, in the words of the command line; see `spanset.measure`."""

    kernel: str = "rbf"
    gamma: float | str | None = None
    normalize: bool = True
    dtype: str = "float32"
    seed: int = 0
    workers: int = 0
    device: str = "cpu"


def reference_of(points: MeasuredData | None) -> Reference:
    """Points uniform on the sphere, with their cache; or the rows that are given instead."""
    if points is None:
        return SphereReference(reference_folder())
    return DataReference(points.X, points.name, points.lengths)


def volume_of(
    sets: Sequence[MeasuredData],
    kind: str,
    against: Reference,
    how: Comparison,
    watcher: Watcher,
) -> Volume:
    """How volumes of these data sets are taken; `n` is still to be set.

    Parameters
    ----------
    kind : str
        Of the features: what gamma is usual for. One that is to be found is found on all sets.
    """
    kernel = choose_kernel(
        how.kernel,
        usual_gamma(how.kernel, how.gamma, kind),
        [(one.X, one.lengths) for one in sets],
        normalize=how.normalize,
        seed=how.seed,
        workers=how.workers,
        device=how.device,
        watcher=watcher,
    )
    return Volume(
        1,
        kernel,
        against,
        how.dtype,
        how.workers,
        how.device,
        on_note=told_once(watcher.note),  # every draw meets the same cache that cannot be written
        cancelled=watcher.cancelled,
    )
