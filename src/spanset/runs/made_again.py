"""A run beside the same run made again: picks, subsets, and all else that their folders hold.

    inputs     digests, and how many there are
    picks      selection.parquet, repeats.parquet: rows to the letter, numbers by values
    subset     by bytes, wherever it went
    files      ids.txt and others, by bytes
    manifest   by values; versions and machines are causes, and no differences

Where versions and processor are the same, so are all numbers, to the bit. Elsewhere they may differ
by what rounding makes of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spanset.base.errors import DataError
from spanset.runs.close_values import CellDifference, first_cell, first_difference, largest_change
from spanset.runs.finding import DifferenceFound, Finding, OtherPick, PickedRow
from spanset.runs.folder import PAGE
from spanset.runs.handoff.handing import HANDED_ON
from spanset.runs.likely_causes import changed_software, is_same_place, likely_causes
from spanset.runs.reread import PastRun, read_manifest

# Share of k(x, x) by which gains may differ on another machine. Engines and block sizes agree to
# 1e-9 in float64; in float32 rounding takes up to about 1e-5 (see `reread.SAME_GAIN`).
ROUNDING_SHARE = {"float64": 1e-6, "float32": 1e-4}

# Parts of a manifest that are checked by themselves, or are causes and no differences.
APART = ("versions", "machine", "processor", "files", "subsets")
BY_VALUES = ("config.toml", "selection.parquet", "repeats.parquet")  # not by their digests


@dataclass(frozen=True, eq=False)
class MadeAgain:
    """A run as it was, and the folder in which it was made again with its own settings."""

    past: PastRun
    then: dict[str, Any]
    now: dict[str, Any]
    folder: Path

    @classmethod
    def of(cls, past: PastRun, folder: Path) -> MadeAgain:
        """Read the manifest of the folder that was made."""
        return cls(past, dict(past.manifest), read_manifest(folder), folder)

    @property
    def rounding(self) -> float:
        """Share by which numbers may differ; 0 in the same place."""
        return 0.0 if is_same_place(self.then, self.now) else self.most_rounding

    @property
    def most_rounding(self) -> float:
        """The same, elsewhere."""
        return ROUNDING_SHARE[self.past.config.compute.dtype]

    @property
    def software(self) -> list[str]:
        """What of versions and machine is other now."""
        return changed_software(self.then, self.now)

    def check_inputs(self) -> None:
        """Compare the inputs' names and digests: of the hub's, and of files that a glob finds now.

        Raises
        ------
        DifferenceFound
            Naming the first that differs.
        """
        then, now = (
            [(str(one["name"]), one["sha256"]) for one in manifest["inputs"]]
            for manifest in (self.then, self.now)
        )
        if then == now:
            return
        others = [one for one in now if one not in then] + [one for one in then if one not in now]
        name = others[0][0] if others else now[0][0]
        what = "the inputs are not those that the run read"
        cause = "an input was changed, added, removed, or renamed"
        raise DifferenceFound(Finding("inputs", name, what, (cause,)))

    def check_picks(self) -> str:
        """What can be said of picks that are the same.

        Raises
        ------
        DifferenceFound
            With the first rank that has another row, or the first number that differs.
        """
        then, now = self._tables("selection.parquet")
        if not then.schema.equals(now.schema):
            columns = (_columns(table) for table in (then, now))
            self._refuse("picks", "selection.parquet", CellDifference("columns", 0, *columns))
        if (other := self._other_pick(then, now)) is not None:
            raise DifferenceFound(self._of_pick(other, len(then), len(now)))
        self._require_same("picks", "selection.parquet", then, now)
        if "repeats.parquet" in self.now["files"] and "repeats.parquet" in self.then["files"]:
            self._require_same("picks", "repeats.parquet", *self._tables("repeats.parquet"))
        gains = (table.column("gain").to_numpy() for table in (then, now))
        off = largest_change(*gains)
        said = "equal" if not off else f"within {off:.1g}"
        return f"{len(then):,}, the same rows in the same order; gains {said}"

    def check_subsets(self) -> str:
        """What can be said of subsets that have the same bytes.

        Raises
        ------
        DifferenceFound
            Naming the first that has others.
        """
        then, now = self.then.get("subsets", []), self.now["subsets"]
        names = [self._subset_name(one["name"]) for one in then]
        expected = [Path(one["name"]).name for one in now]
        same_names = len(then) == len(now) and all(
            name is None or Path(name).name == other
            for name, other in zip(names, expected, strict=True)
        )
        if not same_names:
            what = f"the run has {_listed(names)} for {_listed(expected)}"
            raise DifferenceFound(Finding("subset", "manifest.json", what, self._of_manifest()))
        for name, one, other in zip(names, then, now, strict=True):
            if one["sha256"] != other["sha256"]:
                what = "made again, the subset has other bytes, though the picks are the same"
                causes = self._known() or ("the subset's digest in manifest.json was altered",)
                raise DifferenceFound(Finding("subset", name or "the stream", what, causes))
        said = ", ".join(name or "what went to a stream" for name in names)
        return f"{said}, the same bytes"

    def check_others(self) -> None:
        """Compare ids.txt, the list of rows left out and other files by their digests.

        Raises
        ------
        DifferenceFound
            Naming the first that differs, or that only one of the runs has.
        """
        then, now = (
            {name: digest for name, digest in manifest["files"].items() if name not in BY_VALUES}
            for manifest in (self.then, self.now)
        )
        inside = {one["name"] for one in self.then.get("subsets", [])}
        for name in sorted({*then, *now} - inside):
            if then.get(name) == now.get(name) or self._may_differ(name):
                continue
            made = "has other bytes" if name in then and name in now else "is one more"
            what = f"made again, the file {made}" if name in now else "made again, there is none"
            causes = self._known() or ("file and digest in manifest.json were both altered",)
            raise DifferenceFound(Finding("files", str(self.past.folder / name), what, causes))

    def _may_differ(self, name: str) -> bool:
        """Whether a file of an equal run may have other bytes.

        Numbers of a page are rounded, and may be so to the other side elsewhere; trainers are told
        where a subset lies that `-o` put outside of the folder, and nothing of one in a stream.
        """
        if name == PAGE:
            return self.rounding > 0
        is_outside = self.past.config.output.output is not None
        return is_outside and name in HANDED_ON

    def check_manifest(self) -> None:
        """Compare the manifests' values.

        Raises
        ------
        DifferenceFound
            Naming the first that differs.
        """
        then, now = (
            {key: value for key, value in manifest.items() if key not in APART}
            for manifest in (self.then, self.now)
        )
        other_version = self.then["versions"].get("spanset") != self.now["versions"]["spanset"]
        other = first_difference(then, now, self.rounding, shared_only=other_version)
        if other is not None:
            what = f"{other.place} is {_cut(other.then)}; made again, {_cut(other.now)}"
            where = str(self.past.folder / "manifest.json")
            raise DifferenceFound(Finding("manifest", where, what, self._of_manifest()))

    def _tables(self, name: str) -> Iterator[pa.Table]:
        for folder in (self.past.folder, self.folder):
            try:
                with (folder / name).open("rb") as file:
                    yield pq.read_table(file)
            except (OSError, pa.ArrowException) as error:
                raise DataError(
                    "the file cannot be read",
                    where=str(folder / name),
                    why="it is no Parquet, though its digest is that in manifest.json",
                    fix="file and digest were both altered: select again",
                ) from error

    def _other_pick(self, then: pa.Table, now: pa.Table) -> int | None:
        """Position of the first pick that is another row."""
        mine, its = (table.column("row").to_numpy() for table in (then, now))
        both = min(len(mine), len(its))
        off = mine[:both] != its[:both]
        if off.any():
            return int(np.argmax(off))
        return None if len(mine) == len(its) else both

    def _of_pick(self, place: int, then_count: int, now_count: int) -> Finding:
        then, now = (_picked(table, place) for table in self._tables("selection.parquet"))
        near = None
        if then and now and then.score is not None and now.score is not None:
            near = bool(
                abs(then.score - now.score) <= self.most_rounding * max(1.0, abs(then.score))
            )
        margin = self.then.get("smallest_margin")
        pick = OtherPick(place + 1, then, now, near, margin if isinstance(margin, float) else None)
        what = f"pick {place + 1:,} of {then_count:,} is another row now"
        if then is None or now is None:
            what = f"there were {then_count:,} picks; made again, {now_count:,}"
        causes = likely_causes(self.past.config, self.then, self.now, is_rounding=bool(near))
        where = str(self.past.folder / "selection.parquet")
        return Finding("picks", where, what, causes, pick)

    def _require_same(self, part: str, name: str, then: pa.Table, now: pa.Table) -> None:
        other = first_cell(then, now, self.rounding)
        if other is None:
            return
        is_rounding = not self.rounding and first_cell(then, now, self.most_rounding) is None
        self._refuse(part, name, other, is_rounding=is_rounding)

    def _refuse(
        self, part: str, name: str, other: CellDifference, *, is_rounding: bool = False
    ) -> None:
        where = str(self.past.folder / name)
        then, now = (_cut(value) for value in (other.then, other.now))
        what = f"line {other.line + 1:,}: {other.column} is {then}; made again, {now}"
        config = self.past.config
        causes = likely_causes(config, self.then, self.now, is_rounding=is_rounding)
        if not self._known():
            causes += ("file and digest in manifest.json were both altered",)
        raise DifferenceFound(Finding(part, where, what, causes))

    def _subset_name(self, name: str | None) -> str | None:
        """The name; one for a stream whose file is there, or that had none, is found as altered."""
        output = self.past.config.output.output
        is_one = len(self.now["subsets"]) == 1
        if name is None and (output is None or not is_one or os.path.isfile(output)):  # noqa: PTH113
            return "a stream"
        return name

    def _known(self) -> tuple[str, ...]:
        return tuple(f"another version or machine: {one}" for one in self.software)

    def _of_manifest(self) -> tuple[str, ...]:
        return self._known() or ("manifest.json was altered: no digest covers it",)


def _picked(table: pa.Table, place: int) -> PickedRow | None:
    if place >= len(table):
        return None
    row = {name: table.column(name)[place].as_py() for name in table.schema.names}
    gain, score = (row[name] if np.isfinite(row[name]) else None for name in ("gain", "score"))
    return PickedRow(row["row"], row["source"], row["line"], gain, score)


def _columns(table: pa.Table) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in table.schema)


def _listed(names: list[Any]) -> str:
    return ", ".join(str(name) for name in names) or "no subset"


def _cut(value: object) -> str:
    """A value in a few letters."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
