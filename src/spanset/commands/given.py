"""Rows that are in the training set already: read with the data, represented as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import DataError
from spanset.base.unit_rows import kernel_rows, rows_as_given, unit_rows
from spanset.config.settings import DataConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.features.array import load_array
from spanset.features.representations import Representation
from spanset.features.specs import Spec

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Given:
    """What ``--given`` names: rows, or features where those of the data are an array."""

    path: str
    rows: Dataset | None
    array: npt.NDArray[Any] | None

    @classmethod
    def read(cls, path: str | None, spec: Spec, reading: DataConfig) -> Given | None:
        """Read it, so that what is wrong with it shows before anything is computed."""
        if path is None:
            return None
        if spec.kind == "array":
            return cls(path, None, load_array(path))
        return cls(path, read_data((path,), reading), None)

    def __len__(self) -> int:
        found = self.rows if self.array is None else self.array
        return 0 if found is None else len(found)

    def features(
        self, fitted: Representation, dimension: int, *, normalize: bool, dtype: str
    ) -> Array:
        """Features (g, dimension) as the kernel sees them.

        Raises
        ------
        DataError
            An array of another dimension.
        """
        if self.array is not None:
            if self.array.shape[1] != dimension:
                raise DataError(
                    f"{self.array.shape[1]} columns, the features have {dimension}",
                    where=f"--given {self.path}",
                    fix="represent both in the same way",
                )
            if not normalize:
                return rows_as_given(self.array, dtype, where=self.path)
            return unit_rows(self.array, np.float32, where=self.path)
        assert self.rows is not None  # noqa: S101 (one of the two is there)
        made = fitted.transform(self.rows)
        if normalize or made.lengths is None:
            return made.X
        return kernel_rows(made.X, made.lengths, dtype, where=self.path)
