"""Measurements to show, without a row being read."""

from __future__ import annotations

import numpy as np

from spanset.diversity.known_sets import KnownValue
from spanset.diversity.measurement import Curve, Headroom, MeasuredSet, Measurement
from spanset.runs.measure_outcome import MeasureOutcome


def measured_set(name, ldd, draws=3):
    """A set of this LDD, with a curve up to it."""
    n = np.array([1, 10, 50, 100])
    values = ldd + 0.01 * np.arange(draws) - 0.01
    curve = Curve(n, ldd * n / 100, np.full(4, 0.01))
    found = {
        "ldd": Measurement("ldd", "nats per row", "lower", values, 0.0, 120, 100, curve),
        "equivalent-size": Measurement(
            "equivalent-size", "rows", "higher", 100 / (1 + values), 0.0, 120, 100
        ),
        "floor-share": Measurement("floor-share", "share", "lower", 0 * values, 0.0, 120, 100),
    }
    room = Headroom(60, np.array([50.0]), np.array([40.0]), np.array([55.0]))
    return MeasuredSet(name, 150, found, room)


def measure_outcome(names=("one", "two"), known=True, **others):
    """Sets of LDD 0.2, 0.3 and so on."""
    sets = [measured_set(name, 0.2 + 0.1 * number) for number, name in enumerate(names)]
    public = [KnownValue("LIMA", 0.18, 80.0), KnownValue("Code Alpaca", 1.0, 40.0)]
    values = {
        "data": None,
        "pool": 120,
        "n": 100,
        "reference": "uniform on the sphere",
        "sets": sets,
        "additions": None,
        "correlations": [],
        "verdict": [f"{name}: said." for name in names],
        "known": public if known else [],
        "repeats": None,
        "timings": {},
        "peak_bytes": 0,
        "written": [],
        "kernel": {"name": "rbf", "gamma": 0.25, "normalize": True},
        "space": "static",
        "told": {"DATA": list(names)},
        "scores": None,
        "files": {},
    }
    return MeasureOutcome(**{**values, **others})
