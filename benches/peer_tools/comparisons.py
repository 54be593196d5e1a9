"""What came of a task: beside spanset's answer, and by a measure of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import spanset
from benches.methods import cover as mean_cover
from benches.methods import first_difference
from benches.methods import radius as largest_distance
from benches.peer_tools.inputs import Planted
from spanset.kernels.choice import make_kernel

Found = dict[str, Any]
Measure = Callable[[np.ndarray, np.ndarray], dict[str, float]]


@dataclass(frozen=True)
class Made:
    """What all tools got: the folder, and planted rows by kind."""

    folder: Path
    planted: Planted

    @property
    def rows(self) -> int:
        """Rows before the planted ones."""
        return min(copy for pairs in self.planted.values() for _, copy in pairs)


def compare_repeats(made: Made, found: Found, ours: Found) -> Found:
    """Rows dropped, those that spanset drops as well, and the share of planted copies found."""
    mine = _dropped(made, ours["kept"])
    result: Found = {}
    for name, rows in found.items():
        if name.startswith("kept"):
            theirs = _dropped(made, rows)
            result[name.replace("kept", "dropped")] = len(theirs)
            result[name.replace("kept", "dropped_by_spanset_too")] = len(
                np.intersect1d(mine, theirs)
            )
            if any(row >= made.rows for row in rows):  # planted rows were there
                result[name.replace("kept", "found")] = _shares(made, set(rows))
    return result


def _shares(made: Made, kept: set[int]) -> dict[str, float]:
    """Either may stay for both: of a group some tools keep another than the first."""
    return {
        kind: sum(not {row, copy} <= kept for row, copy in pairs) / len(pairs)
        for kind, pairs in made.planted.items()
    }


def _dropped(made: Made, kept: list[int]) -> np.ndarray:
    """Rows that are gone, without those that have a planted copy."""
    copied = [row for pairs in made.planted.values() for row, _ in pairs]
    return np.setdiff1d(np.arange(made.rows), [*kept, *copied])


def compare_choices(
    method: str, kernel: str = "rbf", measure: Measure | None = None, file: str = "vectors.npy"
) -> Callable[[Made, Found, Found], Found]:
    """Picks in common with spanset's, what they are worth; and spanset's from the same first."""

    def compare(made: Made, found: Found, ours: Found) -> Found:
        picks, mine = np.array(found["picks"]), np.array(ours["picks"])
        X = np.load(made.folder / file)
        result: Found = {"shared": len(np.intersect1d(picks, mine)) / len(picks)}
        if measure is not None:
            result |= measure(X, picks)
            result["first_difference"] = first_difference(mine, picks)
        if method in ("dpp", "kcenter") and picks[0] != mine[0]:
            options: dict[str, Any] = {"method": method, "kernel": kernel}
            same = spanset.select(X, len(picks), keep=[int(picks[0])], **options).order
            result["shared_from_the_same_first"] = len(np.intersect1d(picks, same)) / len(picks)
            result["first_difference_from_the_same_first"] = first_difference(same, picks)
        return result

    return compare


def cover(X: np.ndarray, picks: np.ndarray) -> dict[str, float]:
    """Mean similarity of a row with the nearest pick."""
    return {"cover": mean_cover(X, picks)}


def radius(X: np.ndarray, picks: np.ndarray) -> dict[str, float]:
    """Largest distance of a row to its nearest pick."""
    return {"radius": largest_distance(X, picks)}


def log_det(kernel: str) -> Measure:
    """The logarithm of the determinant of the picks' kernel, in nats."""

    def measure(X: np.ndarray, picks: np.ndarray) -> dict[str, float]:
        points = X[picks].astype(np.float64)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return {"log_det": float(np.linalg.slogdet(make_kernel(kernel).block(points, points))[1])}

    return measure


def compare_gradients(made: Made, found: Found, ours: Found) -> Found:  # noqa: ARG001
    """Cosines of rows by what is stored, beside those of the same tool's whole gradients."""
    name = found["name"]
    sketched, exact = (
        np.load(made.folder / f"{kind}-{name}.npy") for kind in ("gradients", "exact-cosines")
    )
    n = len(exact)
    sketched = sketched[:n].astype(np.float64)
    sketched /= np.linalg.norm(sketched, axis=1, keepdims=True)
    pairs = np.triu_indices(n, 1)
    errors = (sketched @ sketched.T - exact)[pairs]
    mine = np.load(made.folder / "exact-cosines-spanset.npy")
    return {
        "error_of_cosines": float(np.sqrt(np.mean(errors**2))),
        "bias_of_cosines": float(errors.mean()),
        "exact_cosines_beside_spanset": float(np.corrcoef(exact[pairs], mine[pairs])[0, 1]),
        "bytes_a_row": found["bytes"] / len(np.load(made.folder / f"gradients-{name}.npy")),
        "columns": found["columns"],
    }
