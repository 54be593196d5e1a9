"""Values of a field in every row, as text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spanset.data.rows import Rows

MISSING = "(missing)"


def field_texts(data: Rows, name: str) -> npt.NDArray[np.object_]:
    """Value of the field in each row; `MISSING` where a row has no such field."""
    return np.array([str(row[name]) if name in row else MISSING for row in data.rows()], object)
