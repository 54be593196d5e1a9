"""`spanset verify`: the files of a run, its inputs, and the run made again beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError
from spanset.base.stages import Watcher
from spanset.commands.select import run_select
from spanset.config.settings import SelectConfig
from spanset.greedy.selection import StopReason
from spanset.runs.covered_files import check_files
from spanset.runs.finding import DifferenceFound, Finding, refusals_as_findings
from spanset.runs.made_again import MadeAgain
from spanset.runs.reread import PastRun, read_manifest, require_run_folder


@dataclass
class Verified:
    """What was found of a run.

    Attributes
    ----------
    folder : str
        The run folder.
    passed : dict
        What was checked and is as it was, in order; and what can be said of it.
    software : list of str
        Versions and machine that are other now; known once the run is made again.
    finding : Finding or None
        The first difference; None where there is none.
    """

    folder: str
    passed: dict[str, str] = field(default_factory=dict)
    software: list[str] = field(default_factory=list)
    finding: Finding | None = None

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "run": self.folder,
            "verified": self.finding is None,
            "passed": self.passed,
            "difference": None if self.finding is None else self.finding.record(),
            "changed_software": self.software,
        }


def run_verify(folder: str, watcher: Watcher) -> Verified:
    """Run ``spanset verify``.

    Raises
    ------
    UsageError
        No run folder.
    SpansetError
        What keeps the run from being made again and says nothing of it: no room, no library.
    """
    _require_run(Path(folder))
    verified = Verified(folder)
    try:
        _verify(verified, watcher)
    except DifferenceFound as found:
        verified.finding = found.finding
    return verified


def _verify(verified: Verified, watcher: Watcher) -> None:
    """Check one thing after the other until something differs."""
    passed = verified.passed
    with watcher.stage("files"), refusals_as_findings("files"):
        folder = Path(verified.folder)
        count = check_files(folder, read_manifest(folder))
        passed["files"] = f"{count:,}, as they were written"
    with refusals_as_findings("replay"):
        past = PastRun.open(verified.folder)
    with watcher.stage("inputs"), refusals_as_findings("inputs"):
        past.require_inputs()
    with _made_again(past, watcher) as again:
        verified.software += again.software
        again.check_inputs()
        passed["inputs"] = f"{len(past.manifest['inputs']):,}, unchanged"
        passed["picks"] = again.check_picks()
        passed["subset"] = again.check_subsets()
        again.check_others()
        again.check_manifest()
        passed["manifest"] = "the same values"


def _require_run(folder: Path) -> None:
    """Refuse what is no run folder; one that lost its other files is still one."""
    try:
        read_manifest(folder)
    except DataError:  # none, that of a feature store, or a damaged one, which is told later
        require_run_folder(folder)


@contextmanager
def _made_again(past: PastRun, watcher: Watcher) -> Iterator[MadeAgain]:
    """The run made again in a temporary folder, as `spanset select` made it."""
    with (
        tempfile.TemporaryDirectory(prefix="spanset-verify-") as name,
        refusals_as_findings("replay"),
    ):
        outcome = run_select(_redirected(past, Path(name)), watcher)
        if outcome.run.picks.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        yield MadeAgain.of(past, Path(name) / "run")


def _redirected(past: PastRun, folder: Path) -> SelectConfig:
    """The run's settings, with all that is written going into the folder."""
    output = past.config.output
    name = output.output
    if name is not None:
        subsets = past.manifest.get("subsets", [])
        is_stream = all(subset["name"] is None for subset in subsets)
        name = str(folder / ("subset.jsonl" if is_stream else Path(name).name))
    return replace(
        past.config, output=replace(output, output=name, run=str(folder / "run"), force=False)
    )
