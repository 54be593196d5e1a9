"""What new data add to the data that one has.

residual         of a row: what is left of it after projecting out the current rows; 1 unlike them
                 all, 0 a copy. The sum over a file's rows is what the current rows do not span.
equivalent size  how many uniform points more both together span than the current rows do.

Residuals count every row by itself: a file that repeats one new row a thousand times has a large
sum. The equivalent size is computed from greedy gains, where repetition adds nothing. Both stand
beside more of the same: rows held out of the current data, measured like a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import FloatArray
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows, of_rows
from spanset.diversity.ldd import LOG_FLOOR, equivalent_size
from spanset.diversity.matched import LARGEST_POOL, MeasuredData, Steps, drawn
from spanset.diversity.reference import DataReference
from spanset.diversity.volume import Volume
from spanset.greedy.conditioning import Conditioning
from spanset.greedy.footprint import Footprint, require_memory
from spanset.greedy.residuals import residuals
from spanset.kernels.kernel import Matrix

HELD_OUT = 5  # one current row in so many stands for more of the same
MORE_OF_THE_SAME = "more of the same"
LARGEST_N = 5_000  # current rows projected out, and picks from a file, where n is not given
LONGEST = 20_000  # picks of the reference, at most: beyond them equivalent sizes are not known


@dataclass(frozen=True)
class Addition:
    """What one file adds.

    Attributes
    ----------
    name : str
        The file; `MORE_OF_THE_SAME` for rows held out of the current data.
    rows : int
        Its rows.
    residual_sum : float
        Sum of its rows' residuals given the current rows, each a share of the row's k(x, x).
    repeated : float
        Fraction of its rows whose residual is below e^-7: the current data span them.
    equivalent : int or None
        Uniform points that it adds to what the current rows span; None beyond the reference.
    after_those_above : int or None
        The same after the files that add more; None for rows held out, too.
    beside_same : float or None
        Residual of one of its rows over that of one row more of the same, both given the rows that
        were not held out; None where no row was held out.
    """

    name: str
    rows: int
    residual_sum: float
    repeated: float
    equivalent: int | None
    after_those_above: int | None = None
    beside_same: float | None = None

    @property
    def mean_residual(self) -> float:
        """Residual of a row, on average."""
        return self.residual_sum / self.rows


@dataclass(frozen=True)
class Additions:
    """Files by what they add, the most first, beside more of the same.

    Attributes
    ----------
    files : tuple of Addition
        Ranked by equivalent size.
    same : Addition or None
        A fifth of the current rows given the others; None where there are too few.
    current_rows : int
        Current rows compared with.
    current_equivalent : int or None
        Uniform points that they span.
    spanning : int
        Current rows that are projected out: the first of their greedy order.
    """

    files: tuple[Addition, ...]
    same: Addition | None
    current_rows: int
    current_equivalent: int | None
    spanning: int


def additions(
    current: npt.NDArray[np.floating[Any]],
    files: Sequence[MeasuredData],
    volume: Volume,
    *,
    seed: int = 0,
    watcher: Watcher = SILENT,
    lengths: FloatArray | None = None,
) -> Additions:
    """Rank files by what they add to the current data.

    Parameters
    ----------
    current : (N, d)
        Unit rows of the data there are; of more than 50,000, as many at random.
    files : sequence of MeasuredData
        New data.
    volume : Volume
        How volumes are computed. Its n bounds the current rows that are projected out, and the
        picks from each file: the first of greedy orders, which span the most.
    seed : int
        Of the rows that are held out, and of the reference.
    lengths : (N,) float64, optional
        Lengths of the current rows, where these count.

    Notes
    -----
    Time O((N + M) n (n + d)) for M new rows, as matrix products; memory (N + n) n numbers.
    """
    rows = drawn(len(current), LARGEST_POOL, seed, 3)
    current, lengths = current[rows], of_rows(lengths, rows)
    _require_memory(current, files, volume)
    total = len(current) + sum(len(one.X) for one in files)
    if isinstance(volume.against, DataReference):
        volume.against.require(min(total, LARGEST_POOL), current.shape[1])
    steps = Steps(watcher, 2 * len(files) + 3)
    steps.next("the current data")
    here = _Current(kernel_rows(current, lengths, volume.dtype), volume)
    spanning = len(here.gains)
    steps.next("the reference")
    most = spanning + sum(min(len(one.X), volume.n) for one in files)
    reference = _reference(volume, total, current.shape[1], most, seed)
    known, size = here.span, _size(here.span, reference)
    alone = []
    for one in files:
        steps.next(one.name)
        alone.append(here.addition(one.name, _rows_of(one, volume), reference))
    steps.next(MORE_OF_THE_SAME)
    others, same = _more_of_the_same(current, lengths, volume, reference, seed)
    ranked = sorted(range(len(files)), key=lambda i: _rank(alone[i]), reverse=True)
    placed = []
    for i in ranked:
        steps.next(f"{files[i].name}, after those that add more")
        gains = here.add(_rows_of(files[i], volume))
        after = _difference(_size(known + gains.sum(), reference), _size(known, reference))
        ratio = None
        if same is not None and same.residual_sum:
            left = others.residuals(_rows_of(files[i], volume))
            ratio = float(left.mean()) / same.mean_residual
        placed.append(replace(alone[i], after_those_above=after, beside_same=ratio))
        known += gains.sum()
    return Additions(tuple(placed), same, len(current), size, spanning)


def _require_memory(current: Matrix, files: Sequence[MeasuredData], volume: Volume) -> None:
    """Refuse what cannot fit: every file is picked from beside the picks of those above it."""
    if volume.device != "cpu":  # a GPU looks at its own memory
        return
    n, d, itemsize = volume.n, current.shape[1], np.dtype(volume.dtype).itemsize
    given = min(n, len(current)) + sum(min(n, len(one.X)) for one in files)
    rows = max(len(one.X) for one in files)
    needed = max(
        Footprint.of(len(current), min(n, len(current)), d, volume.dtype).in_memory,
        Footprint.of(rows, 0, d, volume.dtype, given).in_memory,
    )
    # The advice divides by what one pick takes, that of all files counted.
    require_memory(needed, needed // (n * itemsize) + 1, n, volume.dtype, where="-n")


class _Current:
    """The rows there are: gains of their greedy order, and the conditioning on its picks."""

    def __init__(self, X: Matrix, volume: Volume) -> None:
        self.volume = volume
        self.conditioning = Conditioning(X[:0], np.zeros((0, 0)))
        self.gains = self.add(X)
        self.span = float(self.gains.sum())

    def add(self, X: Matrix) -> FloatArray:
        """Count the first n picks of X as here; their gains."""
        picks = self.volume.picks(X, self.conditioning)
        self.conditioning = self.conditioning.extended(X[picks.order], self.volume.kernel)
        return picks.gains

    def addition(self, name: str, X: Matrix, reference: FloatArray) -> Addition:
        """What X adds to the current rows."""
        left = self.residuals(X)
        repeated = float((left < np.exp(LOG_FLOOR)).mean())
        after = _size(self.span + self.volume.picks(X, self.conditioning).gains.sum(), reference)
        added = _difference(after, _size(self.span, reference))
        return Addition(name, len(X), float(left.sum()), repeated, added)

    def residuals(self, X: Matrix) -> FloatArray:
        """Share of k(x, x) that the current rows leave of each row of X; (N,)."""
        volume = self.volume
        left = residuals(
            X, self.conditioning, volume.kernel, workers=volume.workers, device=volume.device
        )
        return left / volume.kernel.diagonal(X)


def _rows_of(one: MeasuredData, volume: Volume) -> Matrix:
    """A file's rows as the kernel sees them."""
    return kernel_rows(one.X, one.lengths, volume.dtype)


def _more_of_the_same(
    current: Matrix, lengths: FloatArray | None, volume: Volume, reference: FloatArray, seed: int
) -> tuple[_Current, Addition | None]:
    """Current rows less a part, and that part as an addition to them."""
    held_out = drawn(len(current), len(current) // HELD_OUT, seed, 4)
    rest = np.setdiff1d(np.arange(len(current)), held_out)
    others = _Current(kernel_rows(current[rest], of_rows(lengths, rest), volume.dtype), volume)
    if not len(held_out):
        return others, None
    held = kernel_rows(current[held_out], of_rows(lengths, held_out), volume.dtype)
    return others, others.addition(MORE_OF_THE_SAME, held, reference)


def _reference(volume: Volume, m: int, d: int, n: int, seed: int) -> FloatArray:
    """Gains of the first n of m points of the reference."""
    n = min(n, LONGEST)
    return replace(volume, n=n).reference_gains(min(m, LARGEST_POOL), d, seed)


def _size(span: float, reference: FloatArray) -> int | None:
    """Uniform points that span as much; None where the reference's do not."""
    if span > reference.sum():
        return None
    return equivalent_size(np.array([span]), reference)


def _rank(one: Addition) -> tuple[float, float, str]:
    """By size, the unknown ones above all others; equals in an order that is not the input's."""
    size = np.inf if one.equivalent is None else one.equivalent
    return size, one.residual_sum, one.name


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before
