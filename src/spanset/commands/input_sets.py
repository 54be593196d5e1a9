"""Features of each input by itself: what is compared between inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.short_names import short_names
from spanset.data.dataset import Dataset
from spanset.diversity.matched import MeasuredData


def input_sets(X: npt.NDArray[np.floating[Any]], data: Dataset) -> list[MeasuredData]:
    """Features and rows of each input, by short names; without inputs of which no row is left."""
    names = short_names([source.name for source in data.sources])
    rows = [np.flatnonzero(data.source == number) for number in range(len(names))]
    return [
        MeasuredData(name, X[own], data[own])
        for name, own in zip(names, rows, strict=True)
        if len(own)
    ]
