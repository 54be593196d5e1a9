"""The verb `represent`: features of rows."""

from __future__ import annotations

from typing import Literal, NamedTuple, overload

import numpy as np

from spanset.base.errors import DataError, UsageError, printable
from spanset.base.stages import SILENT, Watcher
from spanset.base.unit_rows import kernel_rows
from spanset.commands.verbs.arguments import Array
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset, require_dataset
from spanset.data.left_out import reasons_of
from spanset.data.rows import BadRow
from spanset.features.representations import fit_transform
from spanset.features.specs import parse_features


class RepresentedRows(NamedTuple):
    """Features, the rows that they are of, and those that have none.

    To be taken apart at once, under the name that the data had before: positions in `X` are
    positions in the new data, and no longer in the old.

        X, data, left_out = spanset.represent(data, "gradient:M", on_bad_row="skip")

    Attributes
    ----------
    X : (n, d) float32
        A row for each of `data`.
    data : Dataset
        n rows, in their order; `data.ids` has their numbers.
    left_out : tuple of BadRow
        The others: source, line, row number and reason of each.
    """

    X: Array
    data: Dataset
    left_out: tuple[BadRow, ...]

    def __repr__(self) -> str:
        """Shape, and how many rows were left out and why; on one line."""
        said = f"{len(self.left_out):,} left out"
        if self.left_out:
            said += f" ({printable(reasons_of(self.left_out))})"
        return f"<RepresentedRows: X {self.X.shape} of {len(self.data):,} rows, {said}>"


@overload
def represent(
    data: Dataset,
    features: str = "static",
    *,
    model: ModelConfig | None = None,
    normalize: bool = True,
    seed: int = 0,
    on_bad_row: Literal["stop"] = "stop",
    watcher: Watcher = SILENT,
) -> Array: ...
@overload
def represent(
    data: Dataset,
    features: str = "static",
    *,
    model: ModelConfig | None = None,
    normalize: bool = True,
    seed: int = 0,
    on_bad_row: Literal["skip"],
    watcher: Watcher = SILENT,
) -> RepresentedRows: ...
def represent(
    data: Dataset,
    features: str = "static",
    *,
    model: ModelConfig | None = None,
    normalize: bool = True,
    seed: int = 0,
    on_bad_row: Literal["stop", "skip"] = "stop",
    watcher: Watcher = SILENT,
) -> Array | RepresentedRows:
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
    on_bad_row : {"stop", "skip"}
        At a row that has no features, as one whose answer is cut off, or that a chat template
        refuses. With ``"skip"`` it is left out, and features come with the rows that they are of.
    watcher : Watcher
        Told of progress.

    Returns
    -------
    (N, d) array, or RepresentedRows
        With ``on_bad_row="skip"`` the latter, also where no row is left out.

    Raises
    ------
    DataError
        A row that cannot be represented, among others; where rows are skipped, all of them.
    """
    require_dataset(data)
    if on_bad_row not in ("stop", "skip"):
        raise UsageError(f"no policy {on_bad_row!r}", where="on_bad_row", fix="use stop or skip")
    spec = parse_features(features)
    with watcher.stage("represent"):
        made, _ = fit_transform(
            spec, data, model=model, seed=seed, on_bad_row=on_bad_row, watcher=watcher
        )
    left_out = made.data.unrepresented[len(data.unrepresented) :]
    if left_out and (on_bad_row == "stop" or not len(made.X)):
        raise _unrepresented(left_out, len(data), on_bad_row)
    X = made.X if normalize else kernel_rows(made.X, made.lengths, np.float32)
    return X if on_bad_row == "stop" else RepresentedRows(X, made.data, left_out)


def _unrepresented(left_out: tuple[BadRow, ...], total: int, on_bad_row: str) -> DataError:
    """Error for rows that have no features."""
    fix = "spanset.show(data, model=M) shows what a model reads of rows"
    if on_bad_row == "stop" and len(left_out) < total:
        fix = "leave them out: X, data, left_out = represent(..., on_bad_row='skip')"
    return DataError(
        f"{len(left_out):,} of {total:,} rows cannot be represented",
        where=f"{left_out[0].source}:{left_out[0].line}",
        why=reasons_of(left_out),
        fix=fix,
    )
