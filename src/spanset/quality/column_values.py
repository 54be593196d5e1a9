"""A numeric column of the rows as quality, such as a rating."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.base.errors import DataError
from spanset.data.dataset import Dataset


def column_values(data: Dataset, name: str) -> FloatArray:
    """Numbers in field `name` of every row; (N,) float64.

    Numbers written as text are read as numbers.

    Raises
    ------
    DataError
        A row without the field, or whose value is no finite number.
    """
    values = np.empty(len(data))
    for position, row in enumerate(data.rows()):
        if name not in row:
            raise DataError(
                f"no column {name!r}",
                where=data.where(position),
                why=f"fields seen: {', '.join(row)}",
                fix="name one of the fields after --quality column:",
            )
        value = row[name]
        number = np.nan
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            with suppress(ValueError, OverflowError):
                number = float(value)
        if not np.isfinite(number):
            raise DataError(
                f"column {name!r} holds no finite number",
                where=data.where(position),
                why=f"found {str(value)[:60]!r}",
                fix="mend the row, or remove it from the data",
            )
        values[position] = number
    return values
