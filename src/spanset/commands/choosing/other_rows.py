"""Rows beside the data: given, a target, evaluations; read first, represented as the data are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.unit_rows import kernel_rows, rows_as_given, unit_rows
from spanset.config.settings import DataConfig
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.data.row_parts import only_part
from spanset.features.array import load_array
from spanset.features.of_parts import Same
from spanset.features.representations import Representation
from spanset.features.specs import Spec

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class OtherRows:
    """What a flag such as ``--given`` names: rows, or features where the data's are an array.

    Attributes
    ----------
    paths : tuple of str
        As given; none where they are in memory.
    flag : str
        For messages.
    """

    paths: tuple[str, ...]
    flag: str
    rows: Dataset | None
    array: npt.NDArray[Any] | None

    @classmethod
    def read(
        cls,
        paths: tuple[str, ...],
        flag: str,
        spec: Spec,
        reading: DataConfig,
        *,
        needs_answers: bool = True,
        needs_array: bool = True,
    ) -> OtherRows | None:
        """Read them, so that what is wrong with them shows before anything is computed.

        `needs_array`: whether words are of no use where the data's features are an array.
        """
        if len(paths) < 1:
            return None
        if spec.kind == "array" and (needs_array or paths[0].endswith(".npy")):
            if len(paths) > 1:
                raise UsageError(
                    "several arrays are given", where=flag, fix="join them into one .npy file"
                )
            return cls(paths, flag, None, load_array(paths[0]))
        rows = read_data(paths, reading, needs_answers=needs_answers)
        return cls(paths, flag, rows, None)

    @classmethod
    def of(cls, found: Dataset | Array | None, name: str) -> OtherRows | None:
        """Rows, or features, in memory."""
        if found is None:
            return None
        if isinstance(found, Dataset):
            return cls((), name, found, None)
        return cls((), name, None, found)

    def __len__(self) -> int:
        found = self.rows if self.array is None else self.array
        return 0 if found is None else len(found)

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.flag} {', '.join(self.paths)}".rstrip()

    def place(self, row: int) -> str:
        """Where one of them stands, for messages."""
        if self.rows is not None:
            return self.rows.where(row)
        return f"{self.paths[0] if self.paths else self.flag}, row {row}"

    def only_part(self, part: Same) -> OtherRows:
        """These rows by the part that the data are compared by."""
        if self.rows is None or part not in ("prompt", "answer"):
            return self
        return replace(self, rows=only_part(self.rows, part))

    def represented(self, fitted: Representation, dimension: int) -> tuple[Array, IntArray]:
        """Unit rows (g, dimension), and which of these rows they are of; (g,).

        Raises
        ------
        DataError
            An array of another dimension, or rows of which none has features.
        """
        if self.array is not None:
            self._require_columns(self.array, dimension)
            rows = unit_rows(self.array, np.float32, where=self.where)
            return rows, np.arange(len(rows))
        assert self.rows is not None  # noqa: S101 (one of the two is there)
        made = fitted.transform(self.rows)
        if not len(made.X):
            reasons = [row.reason for row in made.data.unrepresented]
            raise DataError(
                "no row can be represented",
                where=self.where,
                why=f"the first: {reasons[0]}" if reasons else "",
                fix="look at its rows with `spanset show`",
            )
        return made.X, made.kept

    def features(
        self, fitted: Representation, dimension: int, *, normalize: bool, dtype: str
    ) -> tuple[Array, Dataset | None]:
        """Features (g, dimension) as the kernel sees them, and their rows; see `represented`."""
        if self.array is not None:
            self._require_columns(self.array, dimension)
            if not normalize:
                return rows_as_given(self.array, dtype, where=self.where), None
            return unit_rows(self.array, np.float32, where=self.where), None
        assert self.rows is not None  # noqa: S101 (one of the two is there)
        made = fitted.transform(self.rows)
        if normalize or made.lengths is None:
            return made.X, made.data
        return kernel_rows(made.X, made.lengths, dtype, where=self.where), made.data

    def _require_columns(self, array: npt.NDArray[Any], dimension: int) -> None:
        if array.shape[1] != dimension:
            raise DataError(
                f"{array.shape[1]} columns, the features have {dimension}",
                where=self.where,
                fix="represent both in the same way",
            )
