"""Shares of sources, or of a column's values, that the picks must keep to.

``FIELD:VALUE=LOW..HIGH`` bounds the rows with that value, ``FIELD=LOW..HIGH`` those of every value
alike; either bound may be left out, and they may be shares (0.2, 20%) or counts. The field
``source`` is the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spanset.base.errors import DataError, UsageError
from spanset.base.short_names import short_names
from spanset.config.amounts import count_of
from spanset.data.dataset import Dataset
from spanset.data.field_texts import MISSING, field_texts
from spanset.greedy.quotas import Quotas

SOURCE = "source"
_FORM = "FIELD:VALUE=LOW..HIGH, such as source:code.jsonl=20%..40% or topic=..10%"


@dataclass(frozen=True)
class Share:
    """Bounds on the picks with a value of a field.

    Attributes
    ----------
    text : str
        As given, for messages.
    field : str
        Its name.
    value : str or None
        None for every value.
    least, most : float or int or None
        A share where it is a float, a count where it is an int.
    """

    text: str
    field: str
    value: str | None
    least: float | int | None
    most: float | int | None

    @classmethod
    def parse(cls, text: str) -> Share:
        """Bounds as written on the command line.

        Raises
        ------
        UsageError
            Another form, a share above 1, or bounds that cross.
        """
        name, _, bounds = text.rpartition("=")
        low, dots, high = bounds.partition("..")
        field, colon, value = name.partition(":")
        if not field or not dots or not (low.strip() or high.strip()):
            raise UsageError(f"{text!r} is no share", where="--share", fix=f"write {_FORM}")
        least, most = (_bound(part.strip(), text) for part in (low, high))
        one = cls(text, field, value if colon else None, least, most)
        # A share and a count can be compared only when k is known.
        if least is not None and most is not None and type(least) is type(most) and least > most:
            raise UsageError(
                f"{text!r} asks for at least {low} and at most {high}",
                where="--share",
                fix="give the lower bound first",
            )
        return one

    def rows(self, k: int) -> tuple[int, int]:
        """Least and most of k picks."""
        least = int(np.ceil(_of(self.least, k) - 1e-9)) if self.least is not None else 0
        most = int(np.floor(_of(self.most, k) + 1e-9)) if self.most is not None else k
        return least, most


def parse_shares(texts: Sequence[str]) -> list[Share]:
    """Shares of one field.

    Raises
    ------
    UsageError
        No such form, several fields, a value twice, or least shares that sum above 1.
    """
    shares = [Share.parse(text) for text in texts]
    fields = list(dict.fromkeys(share.field for share in shares))
    if len(fields) > 1:
        raise UsageError(
            f"shares of two fields, {fields[0]!r} and {fields[1]!r}",
            where="--share",
            why="a row counts for both, and greedy choice may then end without a way out",
            fix="bound one field; one that joins both values can be added to the rows",
        )
    values = [share.value for share in shares]
    if twice := next((share for share in shares if values.count(share.value) > 1), None):
        raise UsageError(
            f"{twice.text.rpartition('=')[0]} is bounded twice",
            where="--share",
            fix="write both bounds in one: topic:code=20%..40%",
        )
    named = [share.least for share in shares if share.value is not None]
    total = sum(one for one in named if isinstance(one, float))
    if total > 1.0 + 1e-9:
        raise UsageError(
            f"the least shares sum to {100 * total:g} %",
            where="--share",
            fix="lower them until they sum to 100 % or less",
        )
    return shares


def quotas_of(shares: Sequence[Share], data: Dataset, k: int) -> Quotas:
    """What shares mean for k picks of these rows.

    Raises
    ------
    DataError
        A field or value that no row has, or bounds that these rows cannot meet, named.
    """
    field = shares[0].field
    values = _values(data, field)
    names, groups, there = np.unique(values, return_inverse=True, return_counts=True)
    groups = groups.ravel().astype(np.int64)
    least, most = np.zeros(len(names), np.int64), np.full(len(names), k, np.int64)
    shown = names.tolist()
    general = [share for share in shares if share.value is None]
    for share in general:
        least[:], most[:] = share.rows(k)
    for share in shares:
        if share.value is not None:
            group = _group(share, shown, data)
            least[group], most[group] = share.rows(k)
    _require_room(shown, there, least, most, k, field)
    return Quotas(groups, least, np.minimum(most, there), k, tuple(shown))


def _require_room(
    names: Sequence[str], there: np.ndarray, least: np.ndarray, most: np.ndarray, k: int, field: str
) -> None:
    """Refuse bounds that cannot be met."""
    crossed = np.flatnonzero(least > most)
    if len(crossed):
        group = int(crossed[0])
        raise DataError(
            f"at least {least[group]:,} and at most {most[group]:,} rows of {field} "
            f"{names[group]!r} are wanted",
            where="--share",
            why=f"of {k:,} rows, the least share rounded up and the most down",
            fix="widen the bounds",
        )
    short = np.flatnonzero(there < least)
    if len(short):
        group = int(short[0])
        raise DataError(
            f"{least[group]:,} rows of {field} {names[group]!r} are wanted, there are "
            f"{there[group]:,}",
            where="--share",
            fix="lower that share, or -k",
        )
    if least.sum() > k:
        raise DataError(
            f"the least shares of {field} sum to {least.sum():,} of {k:,} rows",
            where="--share",
            why=f"there are {len(names):,} values",
            fix="lower them",
        )
    room = int(np.minimum(most, there).sum())
    if room < k:
        tight = [name for name, m, n in zip(names, most, there, strict=True) if m < n]
        raise DataError(
            f"the shares of {field} leave room for {room:,} rows, {k:,} are wanted",
            where="--share",
            why=f"bounded: {', '.join(tight[:5])}{' ...' if len(tight) > 5 else ''}",
            fix="raise the upper bounds, or lower -k",
        )


def _bound(text: str, whole: str) -> float | int | None:
    if not text:
        return None
    if (count := count_of(text)) is not None:
        return count
    if re.fullmatch(r"[0-9]*\.?[0-9]+(e-?[0-9]+)?%?", text):
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        if 0.0 <= share <= 1.0:
            return share
    raise UsageError(
        f"{text!r} is neither a share nor a count",
        where=f"--share {whole}",
        fix=f"write {_FORM}",
    )


def _of(bound: float | int, k: int) -> float:
    return bound * k if isinstance(bound, float) else bound


def _values(data: Dataset, field: str) -> np.ndarray:
    """Value of the field in each row, as text."""
    if field == SOURCE:
        names = np.array(short_names([source.name for source in data.sources]))
        return names[data.source]
    values = field_texts(data, field)
    if (values == MISSING).all():
        raise DataError(
            f"no row has a field {field!r}",
            where="--share",
            why=f"fields of the first row: {', '.join(data.row(0))}",
            fix="name a field of the rows, or source",
        )
    return values.astype(str)


def _group(share: Share, names: Sequence[str], data: Dataset) -> int:
    """Number of the value that a share names; of a source by its short or whole name."""
    value = share.value or ""
    if share.field == SOURCE and value not in names:
        whole = [source.name for source in data.sources]
        shorts: Iterable[str] = short_names(whole)
        value = dict(zip(whole, shorts, strict=True)).get(value, value)
    if value not in names:
        raise DataError(
            f"no row has the {share.field} {value!r}",
            where="--share",
            why=f"there are {', '.join(list(names)[:8])}{' ...' if len(names) > 8 else ''}",
            fix="name one of them",
        )
    return list(names).index(value)
