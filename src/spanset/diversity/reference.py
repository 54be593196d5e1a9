"""What a data set's volume is compared with: points uniform on the sphere, or another data set.

The reference has as many points as the pool that it is compared with: of a larger pool, the same
number of picks spans more. The curve of uniform points depends on a few numbers only and is kept in
the user's cache; a longer curve serves every shorter one, since the greedy order is nested.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from spanset.base.array_types import FloatArray
from spanset.base.errors import DataError
from spanset.base.kept_files import keep_array, kept_array, remove_files
from spanset.base.unit_rows import of_rows
from spanset.diversity.volume import Volume

VERSION = 1  # of the points: how a seed becomes a reference


@dataclass(frozen=True)
class SphereReference:
    """Points uniform on the unit sphere, drawn with a seed.

    Attributes
    ----------
    folder : Path or None
        Where curves are kept; None for nowhere.
    """

    folder: Path | None = None
    name: str = "uniform on the sphere"

    def gains(self, volume: Volume, m: int, d: int, seed: int) -> FloatArray:
        """Gains, from the cache where they are in it."""
        n = min(volume.n, m)
        path = None if self.folder is None else self.folder / _file_name(volume, m, d, seed)
        kept = None if path is None else _kept(path)
        if kept is not None and len(kept) >= n:
            return kept[:n]
        gains = volume.gains(sphere(m, d, seed))
        if path is not None and (fault := keep_array(path, gains)):
            volume.on_note(f"the reference curve is not kept in {path.parent}: {fault}")
        return gains


@dataclass(frozen=True, eq=False)
class DataReference:
    """Rows of another data set, drawn with a seed.

    Attributes
    ----------
    X : (N, d)
        Its unit rows.
    lengths : (N,) float64 or None
        Theirs, where lengths count.
    """

    X: npt.NDArray[np.floating[Any]]
    name: str
    lengths: FloatArray | None = None

    def gains(self, volume: Volume, m: int, d: int, seed: int) -> FloatArray:
        """Gains of m of its rows (see `require`)."""
        self.require(m, d)
        rows = np.random.default_rng([seed, VERSION]).permutation(len(self.X))[:m]
        rows.sort()
        return volume.gains(self.X[rows], of_rows(self.lengths, rows))

    def require(self, m: int, d: int) -> None:
        """Refuse a pool of m rows in d dimensions that it has no equal of.

        Raises
        ------
        DataError
            Fewer rows, or another dimension.
        """
        N, columns = self.X.shape
        if columns != d:
            raise DataError(
                f"the reference has {columns} columns, the features have {d}",
                where=self.name,
                fix="represent both in the same way",
            )
        if m > N:
            raise DataError(
                f"the reference has {N:,} rows, {m:,} are compared with it",
                where=self.name,
                why="more rows span more: only equal numbers compare",
                fix=f"give a larger reference, or measure {N} rows or fewer",
            )


def sphere(m: int, d: int, seed: int) -> npt.NDArray[np.float32]:
    """Points uniform on the unit sphere: normal numbers, scaled to length one; (m, d)."""
    points = np.random.default_rng([seed, VERSION]).standard_normal((m, d), dtype=np.float32)
    # d = 1 and a draw of zero: no direction, though it will hardly be seen.
    lengths = np.sqrt(np.einsum("ij,ij->i", points, points, dtype=np.float64))
    points /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None].astype(np.float32)
    return points


def reference_folder() -> Path:
    """Where curves are kept for the next call."""
    return user_cache_path("spanset") / "references"


def cached_references() -> list[Path]:
    """Files of the curves that are kept."""
    folder = reference_folder()
    return sorted(folder.glob("sphere-*.npy")) if folder.is_dir() else []


def clear_references() -> int:
    """Remove them; the bytes that were freed."""
    return remove_files(cached_references())


def _file_name(volume: Volume, m: int, d: int, seed: int) -> str:
    """All that the gains depend on, to their last bits on one machine."""
    kernel = "-".join(str(value) for value in astuple(volume.kernel))  # pyright: ignore
    parts = (f"v{VERSION}", f"{m}x{d}", kernel, volume.dtype, volume.device, f"seed{seed}")
    name = "-".join((*parts, f"numpy{np.__version__}"))
    return "sphere-" + re.sub(r"[^\w.+-]", "_", name) + ".npy"


def _kept(path: Path) -> FloatArray | None:
    """Gains in a file of the cache; none where it is not there or damaged."""
    gains = kept_array(path)
    if gains is None or gains.ndim != 1 or gains.dtype != np.float64:
        return None
    # Variances that are left of unit rows, for which every kernel has k(x, x) = 1; the first pick
    # leaves all of its own.
    return (
        gains
        if len(gains) and gains[0] > 0.0 and (gains >= 0.0).all() and (gains < 2.0).all()
        else None
    )
