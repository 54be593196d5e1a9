"""Where rows stand, for tables of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray
from spanset.data.rows import Rows


def places_of(data: Rows, rows: IntArray) -> dict[str, npt.NDArray[Any]]:
    """Number, source and line of rows; bytes of a name that are not UTF-8 stand as escapes."""
    shown = [source.name.encode(errors="backslashreplace").decode() for source in data.sources]
    names = np.array(shown)
    return {"row": data.ids[rows], "source": names[data.source[rows]], "line": data.line[rows]}
