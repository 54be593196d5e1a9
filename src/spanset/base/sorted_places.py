"""Where numbers stand among others, such as the numbers of a data set's rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.array_types import IntArray


def places_in(
    known: npt.NDArray[Any], wanted: npt.ArrayLike
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Places of wanted numbers (n,) among known ones, at least one; and which are there.

    The place of one that is not there says nothing, but is one of the known ones'. Known ones are
    ascending as files are read, and in any order once a user has put rows into another.
    """
    numbers = np.asarray(wanted)
    is_ascending = bool((known[1:] >= known[:-1]).all())
    order = None if is_ascending else np.argsort(known, kind="stable")
    places = np.minimum(np.searchsorted(known, numbers, sorter=order), len(known) - 1)
    places = places if order is None else order[places]
    return places, known[places] == numbers
