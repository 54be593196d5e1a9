"""What `spanset measure` found, and as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spanset.config.told_settings import Told
from spanset.data.dataset import Dataset
from spanset.data.remarks import remark_lines
from spanset.diversity.addition import Additions
from spanset.diversity.correlation import Correlation
from spanset.diversity.known_sets import KnownValue
from spanset.diversity.measurement import MeasuredSet
from spanset.diversity.repeats import Repeats


@dataclass(frozen=True)
class MeasureOutcome:
    """What was measured.

    Attributes
    ----------
    data : Dataset or None
        All rows; None where features were given.
    pool, n : int
        Rows of a draw, and rows that log determinants are taken of.
    reference : str
        What volumes are compared with, in words.
    sets : list of MeasuredSet
        Data sets, or subsets of one.
    additions : Additions or None
        What new data add, where that was asked for.
    correlations : list of Correlation
        Of measures with scores, where there are scores.
    verdict : list of str
        Plain sentences.
    known : list of KnownValue
        What public data sets measure alike; none where that is not known.
    repeats : Repeats or None
        Rows of one data set that repeat a row of another, where there are several.
    timings : dict
        Seconds a stage.
    peak_bytes : int
        Most memory used.
    written : list of str
        Figures.
    kernel : dict
        Its name and gamma, and whether rows were normalised.
    space : str
        The features, as on the command line.
    told : mapping
        Settings that are not the usual ones, by flag.
    scores : mapping or None
        Score of every data set, where there are scores.
    files : mapping
        Further files that were read, to their digests.
    """

    data: Dataset | None
    pool: int
    n: int
    reference: str
    sets: list[MeasuredSet]
    additions: Additions | None
    correlations: list[Correlation]
    verdict: list[str]
    known: list[KnownValue]
    repeats: Repeats | None
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]
    kernel: dict[str, Any]
    space: str
    told: Told
    scores: dict[str, float] | None
    files: dict[str, str | None]

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON; what is not defined is null."""
        return _plain(
            {
                "pool": self.pool,
                "n": self.n,
                "reference": self.reference,
                "kernel": self.kernel,
                "sets": [_set_record(one) for one in self.sets],
                "additions": None if self.additions is None else _additions_record(self.additions),
                "correlations": [asdict(one) for one in self.correlations],
                "verdict": self.verdict,
                "known_sets": [one._asdict() for one in self.known],
                "repeats": None if self.repeats is None else self.repeats.record(),
                "remarks": [] if self.data is None else remark_lines(self.data),
                "seconds": self.timings,
                "peak_bytes": self.peak_bytes,
                "written": self.written,
            }
        )


def _set_record(one: MeasuredSet) -> dict[str, Any]:
    measurements = {
        metric: {"value": found.value, "deviation": found.deviation, **asdict(found)}
        for metric, found in one.measurements.items()
    }
    record = {**asdict(one), "measurements": measurements}
    if one.headroom is not None:
        record["headroom"]["ratio"] = one.headroom.ratio
    return record


def _additions_record(added: Additions) -> dict[str, Any]:
    """As the table shows them: with the residual of a row."""
    record = asdict(added)
    for shown, one in zip(record["files"], added.files, strict=True):
        shown["mean_residual"] = one.mean_residual
    if added.same is not None:
        record["same"]["mean_residual"] = added.same.mean_residual
    return record


def _plain(value: Any) -> Any:
    """Arrays as lists, and numbers that JSON lacks as null."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
