"""`spanset report`: the page of a finished run, made from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.base.stages import Watcher
from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.run_again import RunAgain
from spanset.commands.choosing.selection_report import page_of
from spanset.data.writing.row_files import open_output, refuse_existing
from spanset.report.selected.projections import check_projection
from spanset.runs.folder import PAGE
from spanset.runs.reread import PastRun
from spanset.selectors.reasons import explainer_of


@dataclass(frozen=True)
class ReportWritten:
    """A page that was written: where, and how large it is."""

    path: str
    bytes: int

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"written": self.path, "bytes": self.bytes}


def run_report(
    folder: str,
    output: str | None,
    *,
    projection: str | None,
    force: bool,
    watcher: Watcher,
) -> ReportWritten:
    """Run ``spanset report``: write the page of a run, by default beside its other files.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    path = str(Path(folder) / PAGE) if output is None else output
    refuse_existing(path, force=force, where="--output")
    if projection is not None:
        check_projection(projection)
    with watcher.stage("read"):
        past = PastRun.open(folder)
        data = past.read()
    again = RunAgain.of(past, data, watcher)
    with watcher.stage("summarise"):
        if (gains := explainer_of(again.choice).gains()) is not None:
            again.require_gains(gains)
        judged = JudgedChoice.of(
            again.task,
            again.pool,
            again.choice,
            past.selection(again.choice.picks, len(again.data)),
            again.lengths,
        )
    with watcher.stage("report"):
        page = page_of(judged, again.pool, again.choice, projection).encode()
        with open_output(path, force=force) as file:
            file.write(page)
    return ReportWritten(path, len(page))
