"""Where numbers stand among ascending ones, such as the numbers of a data set's rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray


def places_in(
    known: npt.NDArray[Any], wanted: npt.ArrayLike
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Places of wanted numbers (n,) among known ones, ascending, at least one; which are there.

    The place of one that is not there says nothing, but is one of the known ones'.
    """
    numbers = np.asarray(wanted)
    places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return places, known[places] == numbers
