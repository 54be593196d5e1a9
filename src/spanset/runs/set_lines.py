"""Pool, picks and random rows as lines of a table: what each measure says of every set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from spanset.base.alike_numbers import alike
from spanset.base.errors import printable
from spanset.base.short_names import short_names
from spanset.quality.model_scores import MODEL_SCORES
from spanset.quality.scores import column_of
from spanset.runs.summary import SetSummary

EMPTY = "(empty)"  # a value of a field without a letter


class SetLine(NamedTuple):
    """One measure of every set.

    Attributes
    ----------
    label : str
        What it is.
    remark : str
        What is to be said of it, in brackets; or nothing.
    cells : list of str
        Its value for every set.
    """

    label: str
    remark: str
    cells: list[str]


class FieldShares(NamedTuple):
    """A field, and the share of each of its values in every set, the pool's most common first."""

    field: str
    shares: list[tuple[str, list[float]]]


def set_lines(sets: Sequence[SetSummary], *, estimated: bool = False) -> Iterator[SetLine]:
    """Rows, tokens, log determinant, near duplicates and scores; tokens may be `estimated`."""
    yield SetLine("rows", "", [f"{one.rows:,}" for one in sets])
    tokens = [short_count(one.tokens) for one in sets]
    yield SetLine("tokens", "(about)" if estimated else "", tokens)
    yield SetLine("tokens per row", "", [f"{one.tokens / one.rows:,.0f}" for one in sets])
    if any(one.log_det is not None for one in sets):
        yield SetLine("log det, nats", "", list(map(_log_det, sets)))
    yield SetLine("near duplicates", "", list(map(_near_duplicates, sets)))
    for quality in sets[0].scores:
        kind, name = middle_shown(quality)
        values = [getattr(one.scores[quality], kind) for one in sets]
        yield SetLine(f"{kind} {printable(name)}", "", alike(values))


def middle_shown(quality: str) -> tuple[str, str]:
    """Which middle of a score's values says most, and what the score is called.

    Few rows may be far off by a model: there is no end to how unexpected an answer is.
    """
    column, _ = column_of(quality)
    return "median" if quality in MODEL_SCORES else "mean", quality if column is None else column


def field_shares(
    sets: Sequence[Mapping[str, Mapping[str, float]]], most: int
) -> Iterator[FieldShares]:
    """Shares of the `most` most common values of every field, and of all others together.

    One file alone is nothing to compare.

    Parameters
    ----------
    sets : sequence of mapping
        Of each set, field to value to its share, the first set's most common first.
    """
    for field in sets[0]:
        values = list(sets[0][field])
        if field == "source" and len(values) < 2:
            continue
        labels = short_names(values) if field == "source" else [one or EMPTY for one in values]
        shares = [[one[field].get(value, 0.0) for one in sets] for value in values]
        shown = list(zip(labels, shares, strict=True))
        if rest := shares[most:]:
            totals = [sum(of_set, 0.0) for of_set in zip(*rest, strict=True)]
            shown[most:] = [(f"{len(rest):,} others", totals)]
        yield FieldShares(field, shown)


def short_count(count: int) -> str:
    """A count with three digits and a unit; a small one whole."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= 10 * size:
            value = count / size
            return f"{value:.1f}{unit}" if value < 99.95 else f"{value:,.0f}{unit}"
    return f"{count:,}"


def _log_det(one: SetSummary) -> str:
    if one.log_det is None:
        return "-"
    digits = 1 if abs(one.log_det) < 100 else 0
    spread = f"{one.log_det_deviation:,.{digits}f}"
    has_spread = float(spread.replace(",", "")) > 0
    return f"{one.log_det:,.{digits}f}" + (f" ± {spread}" if has_spread else "")


def _near_duplicates(one: SetSummary) -> str:
    error = one.near_duplicates_error
    about = f" ± {100 * error:.1f}" if error else ""
    return f"{100 * one.near_duplicates:.1f}{about} %"
