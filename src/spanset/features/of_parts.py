"""Features of one part of the rows, or of two: what deduplication compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.unit_rows import of_rows
from spanset.data.dataset import Dataset
from spanset.data.row_parts import only_part, whole_again
from spanset.features.representations import Representation
from spanset.stores.represented import Represented

Same = Literal["row", "prompt", "answer", "both"]

# What `fit_transform` does, all but the data given.
FitTransform = Callable[[Dataset], tuple[Represented, Representation]]


class RepresentedParts(NamedTuple):
    """Rows compared by parts.

    Attributes
    ----------
    made : Represented
        Features of the part, or of the prompt where there are two; of whole rows again.
    fitted : Representation
        What made them.
    beside : (n, d) float32 or None
        Features of the answer, where there are two.
    keys : (n, b) uint8
        Equal for rows that are equal in what is compared.
    """

    made: Represented
    fitted: Representation
    beside: npt.NDArray[Any] | None
    keys: npt.NDArray[np.uint8]


def represent_parts(data: Dataset, same: Same, fit_transform: FitTransform) -> RepresentedParts:
    """Features of what has to be the same for two rows to repeat each other."""
    if same == "row":
        made, fitted = fit_transform(data)
        return RepresentedParts(made, fitted, None, made.data.digests)
    if same != "both":
        made, fitted = fit_transform(only_part(data, same))
        return RepresentedParts(_whole(made, data), fitted, None, made.data.digests)
    made, fitted = fit_transform(only_part(data, "prompt"))
    answers, _ = fit_transform(only_part(data, "answer")[made.kept])
    keys = np.concatenate([made.data.digests[answers.kept], answers.data.digests], axis=1)
    own = answers.kept
    # Listed are the rows that lack either part; those left out before, by both.
    left_out = made.data.unrepresented + answers.data.unrepresented[len(data.unrepresented) :]
    prompts = Represented(
        made.X[own],
        replace(whole_again(answers.data, data, made.kept[own]), unrepresented=left_out),
        made.kept[own],
        of_rows(made.lengths, own),
    )
    return RepresentedParts(prompts, fitted, answers.X, keys)


def _whole(made: Represented, data: Dataset) -> Represented:
    return Represented(made.X, whole_again(made.data, data, made.kept), made.kept, made.lengths)
