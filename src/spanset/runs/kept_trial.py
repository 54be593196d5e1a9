"""A trial out of its folder: the numbers, and what they were made from and by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.config.told_settings import Told
from spanset.runs.kept_cells import read_kept
from spanset.runs.read_inputs import ReadInput
from spanset.trials.trial_results import TrialResults

RESULT = "trial.json"  # in the folder: all that tables and page show


@dataclass(frozen=True)
class KeptTrial:
    """A finished trial as its folder tells it.

    Attributes
    ----------
    results : TrialResults
        What came of it.
    inputs : sequence of ReadInput
        What was chosen from.
    remarks : sequence of str
        What was recognised in its rows.
    pool, home : int
        Rows that could be picked, and rows held out.
    left_out : sequence of mapping
        Rows that are neither: `where`, `why`.
    model, training, machine : mapping
        The model, how it was tuned, on what and by which versions.
    told : mapping
        Settings that are not the usual ones, by flag.
    """

    results: TrialResults
    inputs: Sequence[ReadInput]
    remarks: Sequence[str]
    pool: int
    home: int
    left_out: Sequence[Mapping[str, str]]
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    machine: Mapping[str, Any]
    told: Told

    @classmethod
    def of_record(cls, held: Mapping[str, Any]) -> KeptTrial:
        """From the plain values that are kept; an error of Python where they are others."""
        return cls(
            TrialResults.of_record(held),
            [ReadInput(**one) for one in held["inputs"]],
            list(held["remarks"]),
            held["pool"],
            len(held["home_rows"]),
            list(held["left_out"]),
            dict(held["model"]),
            dict(held["training"]),
            dict(held["machine"]),
            dict(held["told"]),
        )

    @classmethod
    def read(cls, folder: Path) -> KeptTrial:
        """Out of the folder of a trial.

        Raises
        ------
        DataError
            A result that cannot be read, or of another version.
        """
        return read_kept(folder / RESULT, cls.of_record, "trial")
