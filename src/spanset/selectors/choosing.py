"""From features to picks: kernel, memory, method; what the command and the verb `select` share.

candidates -> kernel (its gamma found where that is asked for) -> method -> Selection
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.lazy_rows import LazyRows
from spanset.base.ray_cluster import joined
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows, rows_as_given, unit_rows
from spanset.greedy.budget import TokenBudget
from spanset.greedy.crew import Cluster
from spanset.greedy.enough import Enough
from spanset.greedy.factor import NO_ROWS
from spanset.greedy.kernel_choice import choose_kernel
from spanset.greedy.planned_runs import planned_runs
from spanset.greedy.quotas import Quotas
from spanset.greedy.rules import check_weight
from spanset.greedy.selection import Selection
from spanset.kernels.choice import make_kernel
from spanset.kernels.gamma import usual_gamma
from spanset.kernels.kernel import Kernel
from spanset.selectors.methods import method_named
from spanset.selectors.must_keep import after_kept
from spanset.selectors.request import Request

Matrix = npt.NDArray[np.floating[Any]]

DEFAULT_WEIGHT = 0.1  # lambda when a quality is given: the best in Wang et al. (2024)


def resolved_weight(quality_weight: float | None, *, has_quality: bool) -> float:
    """Lambda: as given, else 0.1 with a quality and 0 without; checked."""
    if quality_weight is None:
        return DEFAULT_WEIGHT if has_quality else 0.0
    check_weight(quality_weight, has_quality=has_quality)
    return quality_weight


@dataclass(frozen=True)
class Candidates:
    """Rows that can be picked.

    Attributes
    ----------
    X : (N, d)
        Features; unit rows where `lengths` are theirs.
    kind : str
        Of the features: what gamma is usual for.
    lengths : (N,) float64 or None
        Lengths of the rows; None where X has the rows as they are, or lengths do not count.
    log_quality : (N,) float64 or None
        Higher is better.
    given : (g, d) or None
        Rows in the set already, as they are.
    budget : TokenBudget or None
        Tokens that the picks may hold in all.
    quotas : Quotas or None
        How many of the picks may and must be of each group.
    target : (t, d) or None
        Rows like those that the model shall be good at.
    beside : (N, e) or None
        Features of another part of the rows.
    precedence : (N,) int64 or None
        Which rows are kept rather than others.
    kept : (m,) int64
        Rows that are picked before all others.
    """

    X: npt.NDArray[Any]
    kind: str = "array"
    lengths: FloatArray | None = None
    log_quality: FloatArray | None = None
    given: npt.NDArray[Any] | None = None
    budget: TokenBudget | None = None
    quotas: Quotas | None = None
    target: npt.NDArray[Any] | None = None
    beside: npt.NDArray[Any] | None = None
    precedence: IntArray | None = None
    kept: IntArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True)
class Choosing:
    """How rows are chosen, in the words of the command line; see `spanset.select`."""

    method: str = "dpp"
    quality_weight: float = 0.0
    kernel: str = "rbf"
    gamma: float | str | None = None
    normalize: bool = True
    dtype: str = "float64"
    seed: int = 0
    workers: int = 0
    device: str = "cpu"
    threshold: float | None = None
    clusters: int | None = None
    enough: Enough | None = None
    scratch: Path | None = None
    parts: int = 1
    ray: str | None = None
    ray_workers: int | None = None


def choose_rows(
    candidates: Candidates, k: int, how: Choosing, *, watcher: Watcher = SILENT
) -> tuple[Selection, Kernel]:
    """Pick at most k rows; the kernel that they were compared by.

    Raises
    ------
    SpansetError
        Too little memory; features, or a gamma, that cannot be used.
    """
    method = method_named(how.method)
    if not method.holds_factor:  # cosines take no more than features have
        how = replace(how, dtype="float32", device="cpu")
    elif how.device == "cpu" and how.ray is None:  # others look at their own memory
        _require_room(candidates, k, how)
    X = _lazily(candidates, how) if method.holds_factor else _compared(candidates, how)
    given, target = candidates.given, candidates.target
    if given is not None:
        given = _scaled(given, how, "given")
    if target is not None:
        target = _scaled(target, how, "target")
    kernel = choose_kernel(
        how.kernel,
        usual_gamma(how.kernel, how.gamma, candidates.kind),
        [(candidates.X, candidates.lengths)],
        normalize=how.normalize,
        seed=how.seed,
        workers=how.workers,
        device=how.device,
        watcher=watcher,
    )
    request = Request(
        X,
        k,
        candidates.log_quality,
        how.quality_weight,
        given,
        candidates.budget,
        candidates.quotas,
        target,
        candidates.beside,
        candidates.precedence,
        how.threshold,
        how.clusters,
        kernel,
        how.seed,
        how.workers,
        how.device,
        how.enough,
        how.scratch,
        how.parts,
        None,
        watcher.progress,
        watcher.note,
        watcher.cancelled,
    )
    with ExitStack() as stack:
        if not method.holds_factor:  # the same sums, and bytes, on any number of processors
            stack.enter_context(threadpool_limits(1, user_api="blas"))
        if how.ray is not None:
            request = replace(request, cluster=stack.enter_context(_cluster(how)))
        return after_kept(request, candidates.kept, method.choose), kernel


@contextmanager
def _cluster(how: Choosing) -> Iterator[Cluster]:
    """Workers of the Ray cluster that is asked for."""
    assert how.ray is not None  # noqa: S101 (asked for)
    with joined(how.ray, how.ray_workers, device=how.device) as crowd:
        # Imported here, since it imports ray.
        from spanset.greedy.ray_crew import RayCluster

        yield RayCluster(crowd, how.device, how.scratch)


def as_compared(candidates: Candidates, how: Choosing) -> tuple[Matrix, Matrix | None]:
    """Features, and given rows, as the kernel sees them, in the dtype to compute in."""
    given = candidates.given
    return _compared(candidates, how), None if given is None else _scaled(given, how, "given")


def _scaled(rows: npt.NDArray[Any], how: Choosing, where: str) -> Matrix:
    """Other rows as the kernel sees them."""
    scaled = unit_rows if how.normalize else rows_as_given
    return scaled(rows, how.dtype, where=where)


def _compared(candidates: Candidates, how: Choosing) -> Matrix:
    """Features as the kernel sees them: unit rows, or rows at their lengths."""
    if how.normalize:
        return unit_rows(candidates.X, how.dtype)
    if candidates.lengths is None:
        return rows_as_given(candidates.X, how.dtype)
    return kernel_rows(candidates.X, candidates.lengths, how.dtype)


def _lazily(candidates: Candidates, how: Choosing) -> LazyRows:
    """The same, made when they are asked for."""
    X, dtype = candidates.X, how.dtype
    if how.normalize or candidates.lengths is not None:
        return LazyRows.unit(X, dtype, None if how.normalize else candidates.lengths)
    return LazyRows.as_given(X, dtype)


def _require_room(candidates: Candidates, k: int, how: Choosing) -> None:
    """Refuse a selection whose factor fits nowhere, before features are copied."""
    N, d = candidates.X.shape
    given = 0 if candidates.given is None else len(candidates.given)
    likely = k if candidates.budget is None else min(k, candidates.budget.likely_rows)
    for run in planned_runs(
        N,
        likely,
        d,
        make_kernel(how.kernel),
        dtype=how.dtype,
        given=given,
        workers=how.workers,
        parts=how.parts,
    ):
        run.footprint.way(how.scratch)
