"""`spanset report`: the page of a finished run, from its folder, or of a first look at data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.short_names import short_names
from spanset.base.stages import Watcher
from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.run_again import RunAgain
from spanset.commands.choosing.selection_report import page_of
from spanset.commands.first_look import first_look
from spanset.config.report_settings import ReportConfig, changed_flags
from spanset.data.writing.row_files import open_output, refuse_existing
from spanset.report.parts.projections import check_projection
from spanset.runs.folder import PAGE
from spanset.runs.reread import PastRun, is_run_folder
from spanset.selectors.reasons import explainer_of


@dataclass(frozen=True)
class ReportWritten:
    """A page that was written: where, and how large it is."""

    path: str
    bytes: int

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"written": self.path, "bytes": self.bytes}


def run_report(config: ReportConfig, watcher: Watcher) -> ReportWritten:
    """Run ``spanset report``: write the page of a run, or of data.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    run = _run_among(config)
    path = config.page.output
    if path is None:
        path = str(Path(run) / PAGE) if run is not None else page_name(config.data)
    refuse_existing(path, force=config.page.force, where="--output")
    if config.page.projection is not None:
        check_projection(config.page.projection)
    if run is None:
        text = first_look(config, watcher)
    else:
        text = _page_of_run(run, config.page.projection, watcher)
    page = text.encode()
    with open_output(path, force=config.page.force) as file:
        file.write(page)
    return ReportWritten(path, len(page))


def page_name(data: Sequence[str]) -> str:
    """Name of the page of data: after the file, where there is one alone."""
    if not data:
        raise UsageError("no data given", where="DATA", fix="name a run folder, or at least a file")
    name = short_names(data)[0].rsplit("/", 1)[-1] if len(data) == 1 else "data"
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"
    return f"{stem}-report.html"


def _run_among(config: ReportConfig) -> str | None:
    """The run folder that is asked for; None where data are."""
    runs = [name for name in config.data if is_run_folder(Path(name))]
    if not runs:
        return None
    if len(config.data) > 1:
        raise UsageError(
            "a page is of one run, or of data",
            where=runs[0],
            why="this is a run folder, and more is named beside it",
            fix="name it alone",
        )
    if words := list(changed_flags(config.reading, config.features, config.model)):
        raise UsageError(
            "the page of a run needs no such settings",
            where=words[0],
            why="a run is told by the settings that it had",
            fix="leave it out",
        )
    return runs[0]


def _page_of_run(folder: str, projection: str | None, watcher: Watcher) -> str:
    """The page that `spanset select` left, or leaves out, in the folder."""
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
        return page_of(judged, again.pool, again.choice, projection)
