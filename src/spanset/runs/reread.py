"""A run folder read back: its settings and picks, and the inputs that they were made from.

Nothing is believed that can be checked: files of the folder and inputs must have the digests that
the manifest holds. What no digest covers (arrays of features, stores, models, given rows) shows in
the gains, which `PastRun.require_gains` compares.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from spanset.base.array_types import FloatArray, IntArray
from spanset.base.errors import DataError, UsageError
from spanset.base.file_digest import sha256_of
from spanset.base.sorted_places import places_in
from spanset.base.version import __version__
from spanset.config.saved_settings import saved_select
from spanset.config.settings import SelectConfig
from spanset.data.containers.content import STANDARD_INPUT
from spanset.data.containers.hub import is_hub
from spanset.data.containers.sources import cannot_open
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.greedy.selection import Selection, StopReason
from spanset.kernels.choice import make_kernel
from spanset.kernels.kernel import Kernel

# What is read of a manifest, and its kinds; others may come.
NEEDED = {
    "versions": dict,
    "inputs": list,
    "rows": dict,
    "stop_reason": str,
    "kernel": dict,
    "files": dict,
    "complete": bool,
}
READ = ("config.toml", "selection.parquet")  # files of the folder
COLUMNS = ("row", "gain", "score")  # of the selection

# Gains of the same features differ by rounding, at most about 1e-5 in float32; those of a model on
# other hardware by more. Beyond this share of k(x, x) they are of other features.
SAME_GAIN = 0.01


@dataclass(frozen=True)
class PastRun:
    """A finished run of `spanset select`.

    Attributes
    ----------
    folder : Path
        The run folder.
    config : SelectConfig
        Its settings.
    manifest : mapping
        Its manifest.
    rows : (k,) int64
        Row numbers of the picks, best first.
    gains, scores : (k,) float64
        Of the picks; NaN where the method has none.
    """

    folder: Path
    config: SelectConfig
    manifest: Mapping[str, Any]
    rows: IntArray
    gains: FloatArray
    scores: FloatArray

    @classmethod
    def open(cls, name: str) -> PastRun:
        """Read the folder.

        Raises
        ------
        UsageError
            No run folder, or the run read standard input.
        DataError
            A run that was interrupted, files that were changed since, or those of another version.
        """
        folder = Path(name)
        require_run_folder(folder)
        manifest = read_manifest(folder)
        again = f"spanset select --config {folder / 'config.toml'} --run {folder} --force"
        if not manifest["complete"]:
            raise DataError(
                "the run was interrupted",
                where=name,
                why="its picks are those made until then",
                fix=f"run it to its end: {again}",
            )
        for file in READ:
            _refuse_changed(folder / file, manifest["files"].get(file), again)
        config = saved_select(str(folder / "config.toml"))
        choice = config.choice
        if STANDARD_INPUT in (*config.data, choice.given, choice.target, *choice.avoided):
            raise UsageError(
                "the run read standard input, which cannot be read again",
                where=name,
                fix="put the rows into a file and select from that",
            )
        columns = _columns(folder / "selection.parquet")
        return cls(folder, config, manifest, *columns)

    def __len__(self) -> int:
        return len(self.rows)

    def read(self) -> Dataset:
        """The rows that the run read: the same, or an error that names the input.

        Raises
        ------
        DataError
            An input that is not there, or was changed.
        """
        self.require_inputs()
        found = {entry["name"]: entry["sha256"] for entry in self.manifest["inputs"]}
        data = read_data(self.config.data, self.config.reading)
        for source in data.sources:
            # In a manifest, bytes of a name that are not UTF-8 stand as escapes.
            name = source.name.encode(errors="backslashreplace").decode()
            if found.pop(name, None) != source.sha256:
                raise self._changed(source.name)
        if found:
            raise self._changed(next(iter(found)))
        return data

    def require_inputs(self) -> None:
        """Refuse inputs that are not there or changed; those of the hub show when they are read.

        Before the rows are read: what was changed may not even be readable.
        """
        for entry in self.manifest["inputs"]:
            self._refuse_changed_input(entry["name"], entry["sha256"])

    def kernel(self) -> Kernel:
        """What rows were compared by, with the gamma that was found or given."""
        settings = self.manifest["kernel"]
        try:
            return make_kernel(
                settings["name"], settings.get("gamma"), unit=bool(settings["normalize"])
            )
        except (KeyError, TypeError, UsageError) as error:
            raise _other_version(self.folder, self.manifest, f"its kernel is {settings}") from error

    def positions(self, data: Dataset) -> IntArray:
        """Positions (k,) of the picks among the rows.

        Raises
        ------
        DataError
            A pick that is none of the rows.
        """
        places, is_there = places_in(data.ids, self.rows)
        if not is_there.all():
            row = int(self.rows[np.argmin(is_there)])
            raise DataError(
                f"row {row} was picked and cannot be represented now",
                where=str(self.folder),
                why="features, or the model that makes them, are not what they were",
                fix="select again",
            )
        return places

    def selection(self, positions: IntArray, candidates: int) -> Selection:
        """The picks as they were handed on, at these positions among so many candidates."""
        margin = self.manifest.get("smallest_margin")
        return Selection(
            positions,
            self.gains,
            self.scores,
            self._stop_reason(),
            candidates,
            np.inf if margin is None else float(margin),
            int(self.manifest.get("ties", 0)),
        )

    def _stop_reason(self) -> StopReason:
        try:
            return StopReason(self.manifest["stop_reason"])
        except ValueError as error:
            raise _other_version(self.folder, self.manifest, f"it ended by {error}") from error

    def require_gains(self, gains: npt.ArrayLike, diagonal: FloatArray) -> None:
        """Refuse features, or given rows, that give the picks other gains than the run found.

        Parameters
        ----------
        gains : (k,) float64
            Of the picks, computed again; NaN where there are none.
        diagonal : (k,) float64
            k(x, x) of the picks.
        """
        off = np.abs(np.asarray(gains) - self.gains) > SAME_GAIN * diagonal
        if off.any():
            rank = int(np.argmax(off))
            found = float(np.asarray(gains)[rank])
            raise DataError(
                "the features or the given rows are not what they were when rows were picked",
                where=str(self.folder),
                why=f"pick {rank + 1:,} had a gain of {self.gains[rank]:.4g}, it has one of "
                f"{found:.4g} now",
                fix="put back the array, store, model or --given file of the run, or select again",
            )

    def _refuse_changed_input(self, name: str, digest: str) -> None:
        path = Path(name)
        if is_hub(name) or os.path.isdir(path):  # noqa: PTH112 (takes any name)
            return
        try:
            is_same = sha256_of(path) == digest
        except (FileNotFoundError, ValueError) as error:  # or what can be no name
            raise DataError(
                "an input of the run is not there",
                where=name,
                why="a run names its files as seen from the folder that it was started in",
                fix="start from that folder, or put the file back",
            ) from error
        except OSError as error:
            raise cannot_open(path, error) from error
        if not is_same:
            raise self._changed(name)

    def _changed(self, name: str) -> DataError:
        return DataError(
            "the input is not what it was when the run read it",
            where=name,
            why=f"its digest is not that in {self.folder / 'manifest.json'}",
            fix="put the file back, or select again",
        )


def is_run_folder(folder: Path) -> bool:
    """Whether it is a folder that holds a run."""
    # A name may be no path at all (too long, a byte of zero): then it is none.
    return all(os.path.isfile(folder / name) for name in ("manifest.json", "config.toml"))  # noqa: PTH113


def require_run_folder(folder: Path) -> None:
    """Refuse what is no run folder."""
    if not is_run_folder(folder):
        is_made = "is no run folder" if folder.is_dir() else "is no folder"
        raise UsageError(
            f"this {is_made}",
            where=str(folder),
            why="a run folder holds manifest.json and config.toml" if folder.is_dir() else "",
            fix="name the run folder of `spanset select`: --run, or FILE.run beside -o FILE",
        )


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a run folder, with all in it that is needed.

    Raises
    ------
    DataError
        One that cannot be read, or is of another form.
    """
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise cannot_open(path, error) from error
    except (ValueError, RecursionError) as error:
        raise DataError("not JSON", where=str(path), fix="select again") from error
    if not isinstance(found, dict):
        raise _other_version(folder, {}, "it is no object")
    for key, kind in NEEDED.items():
        if not isinstance(found.get(key), kind):
            raise _other_version(folder, found, f"it has no {key!r} of the kind expected")
    for entry in found["inputs"]:
        known = isinstance(entry, dict) and all(
            isinstance(entry.get(key), str) for key in ("name", "sha256")
        )
        if not known:
            raise _other_version(folder, found, "its inputs have no name and sha256")
    return found


def _other_version(folder: Path, manifest: Mapping[str, Any], why: str) -> DataError:
    versions = manifest.get("versions")
    made_by = versions.get("spanset") if isinstance(versions, dict) else None
    by = f"spanset {made_by}" if isinstance(made_by, str) else "an unknown version"
    return DataError(
        "the manifest is not one that this version can read",
        where=str(folder / "manifest.json"),
        why=f"{why}; it was written by {by}, this is {__version__}",
        fix="use that version, or select again",
    )


def _refuse_changed(path: Path, digest: object, again: str) -> None:
    """Refuse a file of the folder that is not there, or not as it was written."""
    try:
        found = sha256_of(path)
    except OSError as error:
        raise cannot_open(path, error) from error
    if found != digest:
        raise DataError(
            "the file was changed since the run wrote it",
            where=str(path),
            why="its digest is not that in manifest.json",
            fix=f"run it again: {again}",
        )


def _columns(path: Path) -> tuple[IntArray, FloatArray, FloatArray]:
    """Row numbers, gains and scores of the selection, best first."""
    try:
        with path.open("rb") as file:
            table = pq.read_table(file, columns=list(COLUMNS))
        row, gain, score = (table.column(name).to_numpy() for name in COLUMNS)
        return row.astype(np.int64), gain.astype(np.float64), score.astype(np.float64)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise DataError(
            "the selection cannot be read",
            where=str(path),
            why=f"it has no columns {', '.join(COLUMNS)}",
            fix="use the version of spanset that made the run, or select again",
        ) from error
