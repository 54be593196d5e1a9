"""Features that the user brings: any (rows, d) array of numbers."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import DataError
from spanset.base.kept_files import DAMAGED
from spanset.base.scratch_files import ScratchRows
from spanset.base.unit_rows import STEP, directions
from spanset.config.model_settings import ModelConfig
from spanset.data.containers.opening import cannot_open
from spanset.data.dataset import Dataset
from spanset.stores.represented import Represented


@dataclass(frozen=True)
class ArrayFeatures:
    """Features in a .npy file, one row for each row read (those without an answer included)."""

    path: str

    @classmethod
    def load(cls, path: str, _config: ModelConfig, **_: object) -> ArrayFeatures:
        """The file is mapped when it is read."""
        return cls(path)

    def settings(self) -> dict[str, Any]:
        """The file."""
        return {"kind": "array", "file": self.path}

    def transform(self, data: Dataset) -> Represented:
        """Unit rows (N, d) of the data set's rows, by their row numbers.

        Raises
        ------
        DataError
            Not as many rows as the data has, or a row that is zero or not finite.
        """
        whole = load_features(self.path, data)
        X, lengths = ScratchRows((len(data), whole.shape[1]), np.float32), np.empty(len(data))
        for start in range(0, len(data), STEP):
            own = np.arange(start, min(start + STEP, len(data)))
            ids = data.ids[own]
            unit, lengths[own] = directions(whole[ids], np.float32, where=self.path, numbers=ids)
            X.put(own, unit)
        return Represented.whole(X.done(), data, lengths)


def load_features(path: str, data: Dataset) -> npt.NDArray[Any]:
    """The array in the file, which has a row for each row of the data."""
    X = load_array(path)
    if len(X) != data.total:
        raise DataError(
            f"the array has {len(X):,} rows, the data {data.total:,}",
            where=path,
            why="features belong to rows by their number, counting every row of the inputs "
            "in order (those left out too)",
            fix="compute the features from the same files in the same order",
        )
    return X


def load_array(path: str) -> npt.NDArray[Any]:
    """Map a .npy file of numbers with two dimensions; pickled objects are refused."""
    try:
        # Not `numpy.load`: it leaves a damaged archive open.
        X = np.lib.format.open_memmap(Path(path), mode="r")
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        if glob.has_magic(path):
            raise DataError(
                "a pattern names files of rows; each array stands for itself",
                where=path,
                fix="name the .npy files, or leave the pattern to the shell, without quotes",
            ) from error
        raise cannot_open(Path(path), error) from error
    except (*DAMAGED, OSError) as error:
        raise DataError(
            "not a .npy file of numbers",
            where=path,
            why="its content is no plain array; an archive of arrays is none either",
            fix="save it with numpy.save; with array features, --given takes such a file too",
        ) from error
    if X.ndim != 2 or X.dtype.kind not in "fiu" or not X.size:
        shown = f"shape {X.shape}, dtype {X.dtype}"
        raise DataError(
            "the array has no rows of numbers",
            where=path,
            why=f"expected shape (rows, d) of real numbers, got {shown}",
            fix="save a two-dimensional array of float16, float32 or float64",
        )
    return X
