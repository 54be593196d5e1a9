"""The verb `represent`: features of rows."""

from __future__ import annotations

import numpy as np

from spanset.base.errors import DataError
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows
from spanset.commands.verbs.arguments import Array
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features


def represent(
    data: Dataset,
    features: str = "static",
    *,
    model: ModelConfig | None = None,
    normalize: bool = True,
    seed: int = 0,
    watcher: Watcher = SILENT,
) -> Array:
    """Features of every row; (N, d) float32, unit rows unless `normalize` is false.

    Parameters
    ----------
    data : Dataset
        N rows.
    features : str
        ``static``, ``static:MODEL``, ``lexical``, ``sentence:MODEL``, ``hidden:MODEL``,
        ``gradient:MODEL``, ``store:FOLDER`` or ``array:FILE.npy``.
    model : ModelConfig, optional
        How rows go through a model.
    normalize : bool
        Whether rows are scaled to length one; static and lexical features have no other length.
    seed : int
        Of the projection.
    watcher : Watcher
        Told of progress.

    Raises
    ------
    DataError
        A row that cannot be represented, among others.
    """
    require_dataset(data)
    made = fit_transform(parse_features(features), data, model=model, seed=seed, watcher=watcher)[0]
    if len(made.kept) < len(data):
        left_out = made.data.unrepresented[len(data.unrepresented) :]
        raise DataError(
            f"{len(left_out):,} of {len(data):,} rows cannot be represented",
            where=f"{left_out[0].source}:{left_out[0].line}",
            why=left_out[0].reason,
            fix="leave them out: data.without(rows, reasons); `select` does so itself",
        )
    return made.X if normalize else kernel_rows(made.X, made.lengths, np.float32)
