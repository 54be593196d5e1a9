"""Scores of models tuned on data sets: read from a file, and matched with the data sets' names."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from spanset.base.array_types import FloatArray
from spanset.base.errors import DataError, UsageError
from spanset.data.containers.opening import cannot_open
from spanset.diversity.correlation import FEWEST


def read_scores(path: str | Path) -> dict[str, float]:
    """Score of every data set by name, from a CSV file with the columns `name` and `score`.

    Other columns are ignored, and so are blank lines.

    Raises
    ------
    DataError
        A file that cannot be read, is empty or no text in UTF-8; no such columns; a score that is
        no finite number; a name that is missing or given twice.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, skipinitialspace=True)
            return _scores(((reader.line_num, fields) for fields in reader), str(path))
    except OSError as error:
        raise cannot_open(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError(
            "not text in UTF-8",
            where=str(path),
            why=f"byte 0x{error.object[error.start]:02x} cannot be read",
            fix="give a CSV file; save a spreadsheet as CSV in UTF-8",
        ) from error
    except csv.Error as error:
        raise DataError(
            "not a CSV file", where=str(path), why=str(error), fix="give name,score a line"
        ) from error


def _scores(rows: Iterable[tuple[int, list[str]]], source: str) -> dict[str, float]:
    """Scores by name from the numbered lines of one file."""
    stripped = ((line, [field.strip() for field in fields]) for line, fields in rows)
    lines = ((line, fields) for line, fields in stripped if any(fields))
    head, header = next(lines, (0, []))
    if not header:
        raise DataError(
            "the file is empty", where=source, fix="begin with the line name,score, then one a set"
        )
    name_at, score_at = (_column(name, header, f"{source}:{head}") for name in ("name", "score"))
    scores: dict[str, float] = {}
    seen: dict[str, int] = {}
    for line, fields in lines:
        where = f"{source}:{line}"
        name = fields[name_at] if name_at < len(fields) else ""
        if not name:
            raise DataError("no name", where=where, fix="name the data set that the score is of")
        if name in seen:
            raise DataError(
                f"the name {name!r} is given twice",
                where=where,
                why=f"it is on line {seen[name]} already",
                fix="keep one score of each data set",
            )
        seen[name] = line
        scores[name] = _score(fields[score_at] if score_at < len(fields) else "", where)
    return scores


def _column(name: str, header: Sequence[str], where: str) -> int:
    """Place of a column."""
    if header.count(name) == 1:
        return header.index(name)
    what = f"two columns {name!r}" if name in header else f"no column {name!r}"
    raise DataError(
        what,
        where=where,
        why=f"columns seen: {', '.join(header)}",
        fix="begin with the line name,score (commas between, lower case)",
    )


def _score(text: str, where: str) -> float:
    """One score as a number."""
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise DataError(
            f"the score {text!r} is no finite number",
            where=where,
            fix="write it as 27.1, or leave the line out",
        )
    return score


def match_scores(scores: Mapping[str, float], names: Sequence[str], path: str | Path) -> FloatArray:
    """Scores in the order of the data sets' names; (n,) float64.

    Raises
    ------
    UsageError
        Fewer than three data sets, or names on one side only.
    """
    if len(names) < FEWEST:
        raise UsageError(
            f"a correlation needs at least {FEWEST} data sets, {len(names)} given",
            where=str(path),
            fix="name more data sets, or leave the scores out",
        )
    missing = [name for name in names if name not in scores]
    unknown = [name for name in scores if name not in set(names)]
    if missing or unknown:
        sides = (("data sets without a score", missing), ("scores of no data set", unknown))
        raise UsageError(
            "the names of the scores are not those of the data sets",
            where=str(path),
            why="; ".join(f"{side}: {', '.join(found)}" for side, found in sides if found),
            fix=f"name the scores as the data sets are named: {', '.join(names)}",
        )
    return np.array([scores[name] for name in names], dtype=np.float64)
