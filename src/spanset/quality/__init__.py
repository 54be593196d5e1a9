"""Quality of a row: a score with a direction, as log quality."""

from __future__ import annotations

from spanset.data.dataset import Dataset, require_dataset
from spanset.errors import UsageError
from spanset.quality.columns import column_values
from spanset.quality.lengths import TokenCounts, count_tokens
from spanset.quality.orient import log_quality
from spanset.results import FloatArray

__all__ = ["TokenCounts", "count_tokens", "log_quality", "score"]

LENGTHS = ("output_tokens", "input_tokens", "total_tokens")


def score(
    data: Dataset,
    quality: str,
    *,
    transform: str = "log",
    tokenizer: str | None = None,
    tokens: TokenCounts | None = None,
) -> FloatArray:
    """Log quality of every row, higher is better.

    Parameters
    ----------
    data : Dataset
        N rows.
    quality : str
        ``output_tokens``, ``input_tokens``, ``total_tokens``, ``column:NAME`` or
        ``column:NAME:down`` (lower is better).
    transform : str
        From the score to log quality: log, identity, rank or quantile (see `log_quality`).
    tokenizer : str, optional
        Counts the tokens; by default they are estimated.
    tokens : TokenCounts, optional
        Counts at hand already.

    Returns
    -------
    (N,) float64
        Log quality.
    """
    require_dataset(data)
    if quality in LENGTHS:
        tokens = tokens or count_tokens(data, tokenizer)
        kind = quality.removesuffix("_tokens")
        values = {"output": tokens.output, "input": tokens.input, "total": tokens.total}[kind]
        return log_quality(values.astype(float), up=True, transform=transform, name=quality)
    kind, _, column = quality.partition(":")
    if kind == "column" and column:
        name, mark, direction = column.rpartition(":")
        if not mark or direction not in ("up", "down"):
            name, direction = column, "up"
        values = column_values(data, name)
        return log_quality(
            values, up=direction == "up", transform=transform, name=f"column {name!r}"
        )
    raise unknown_quality(quality)


def require_known_quality(quality: str) -> None:
    """Refuse a name that is no quality."""
    kind, _, column = quality.partition(":")
    if quality not in LENGTHS and not (kind == "column" and column):
        raise unknown_quality(quality)


def unknown_quality(quality: str) -> UsageError:
    """Error for a name that is no quality."""
    return UsageError(
        f"no quality {quality!r}",
        where="--quality",
        fix=f"use {', '.join(LENGTHS)}, column:NAME or column:NAME:down",
    )
