"""One representation for several data sets: fitted to all of them, taken apart again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import of_rows
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.data.joining import joined
from spanset.features.representations import Representation, fit_transform
from spanset.features.specs import Spec
from spanset.stores.represented import Represented


class RepresentedSets(NamedTuple):
    """Features of each data set; all rows that have features; what represented them."""

    sets: list[Represented]
    data: Dataset
    fitted: Representation


def represent_sets(
    sets: Mapping[str, Dataset],
    spec: Spec,
    *,
    seed: int = 0,
    model: ModelConfig | None = None,
    on_bad_row: str = "stop",
    only: Mapping[str, IntArray] | None = None,
    watcher: Watcher = SILENT,
) -> RepresentedSets:
    """Features of every data set, of the rows that can be represented; and the representation.

    Parameters
    ----------
    only : mapping of str to (n,) int64, optional
        Rows of each data set to represent, if not all; what is fitted is fitted to all.

    Returns
    -------
    RepresentedSets
        `kept` counts the rows that were to be represented, over all sets in their order.

    Raises
    ------
    DataError
        A data set of which no row can be represented, among others.
    """
    wanted = sets if only is None else {name: sets[name][rows] for name, rows in only.items()}
    made, fitted = fit_transform(
        spec,
        joined(list(sets.values())),
        seed=seed,
        model=model,
        on_bad_row=on_bad_row,
        only=None if only is None else joined(list(wanted.values())),
        watcher=watcher,
    )
    ends = np.cumsum([len(one) for one in wanted.values()])
    places = np.searchsorted(made.kept, [0, *ends])
    found = []
    for name, start, stop in zip(sets, places, places[1:], strict=False):
        if start == stop:
            raise DataError(
                "no row can be represented",
                where=name,
                fix="look at rows with `spanset show DATA --model M`",
            )
        own = np.arange(start, stop)
        lengths = of_rows(made.lengths, own)
        found.append(
            Represented(made.X[start:stop], made.data[own], made.kept[start:stop], lengths)
        )
    return RepresentedSets(found, made.data, fitted)
