"""Whether a measure goes with what models score: correlation over data sets."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from spanset.data.containers import cannot_open
from spanset.diversity.measure import Better
from spanset.errors import DataError, UsageError
from spanset.results import FloatArray

FEWEST = 3  # data sets: two points always lie on a line
COVERED = (2.5, 97.5)  # percentiles that a 95 % interval lies between

NAN = float("nan")


@dataclass(frozen=True)
class Correlation:
    """How a measure goes with the scores of models tuned on the data sets.

    Attributes
    ----------
    metric : str
        Name of the measure.
    pearson, spearman : float
        Correlation of the values, and of their ranks (ties share their mean rank), from -1 to 1;
        NaN where either side is constant or fewer than three data sets are left.
    pearson_interval, spearman_interval : tuple of float
        95 % interval, lower and upper end.
    n : int
        Data sets that have a value: those whose value is NaN or infinite are left out.
    better : {"higher", "lower"}
        Direction of the measure. Values are not turned: a good measure has a positive correlation
        where higher values mean more diverse, a negative one where lower values do.
    """

    metric: str
    pearson: float
    pearson_interval: tuple[float, float]
    spearman: float
    spearman_interval: tuple[float, float]
    n: int
    better: Better


def correlate(
    metric: str,
    values: npt.ArrayLike,
    scores: npt.ArrayLike,
    better: Better,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Correlation:
    """Pearson and Spearman correlation of a measure with the score, with 95 % intervals.

    Values of a measure whose lower values mean more diverse (``better == "lower"``) are not
    turned: such a measure is good where its correlation is negative.

    Parameters
    ----------
    metric : str
        Name of the measure.
    values, scores : (n,)
        Value and score of every data set, in the same order.
    better : {"higher", "lower"}
        Direction of the measure, handed on to the result.
    resamples : int
        Draws with replacement of n data sets, value and score together, whose percentiles are the
        interval [efron1993bootstrap]. A draw in which either side is constant has no correlation
        and is left out, so the intervals of a handful of data sets are rough.
    seed : int
        Of the draws: measures of the same data sets share them.
    """
    x, y = np.asarray(values, np.float64), np.asarray(scores, np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    n = len(x)
    if n < FEWEST:
        return Correlation(metric, NAN, (NAN, NAN), NAN, (NAN, NAN), n, better)
    x, y = _scaled(x), _scaled(y)
    # The first "draw" is the data sets themselves.
    draws = np.random.default_rng(seed).integers(n, size=(resamples + 1, n))
    draws[0] = np.arange(n)
    x, y = x[draws], y[draws]
    pearson = _correlations(x, y)
    spearman = _correlations(rankdata(x, axis=1), rankdata(y, axis=1))
    return Correlation(
        metric,
        float(pearson[0]),
        _interval(pearson),
        float(spearman[0]),
        _interval(spearman),
        n,
        better,
    )


def _scaled(x: FloatArray) -> FloatArray:
    """Values centred and scaled to 1: no square of them overflows."""
    x = x / (np.abs(x).max() or 1.0)
    x = x - x.mean()
    return x / (np.abs(x).max() or 1.0)


def _correlations(x: FloatArray, y: FloatArray) -> FloatArray:
    """Pearson correlation of every pair of rows; NaN where either is constant."""
    # Equal numbers are told by comparison: their distances to their mean need not be 0.
    constant = (np.ptp(x, axis=1) == 0) | (np.ptp(y, axis=1) == 0)
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    norms = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    usable = ~constant & (norms > 0)  # squares of the tiniest differences vanish
    found = np.full(len(x), NAN)
    np.divide((x * y).sum(axis=1), norms, out=found, where=usable)
    return np.clip(found, -1.0, 1.0)


def _interval(correlations: FloatArray) -> tuple[float, float]:
    """Interval from the draws after the first."""
    drawn = correlations[1:]
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(correlations[0]) or not len(drawn):
        return NAN, NAN
    low, high = np.percentile(drawn, COVERED)
    return float(low), float(high)


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
        score = NAN
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
