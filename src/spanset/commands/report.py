"""`spanset report`: the page of a finished run, from its folder, or of a first look at data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError, UsageError
from spanset.base.short_names import short_names
from spanset.base.stages import Watcher
from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.run_again import RunAgain
from spanset.commands.choosing.selection_report import page_of
from spanset.commands.first_look import first_look
from spanset.config.report_settings import ReportConfig
from spanset.config.told_settings import told_words
from spanset.data.writing.row_files import open_output, refuse_existing
from spanset.report.compared.compared_page import compared_page
from spanset.report.parts.projections import check_projection
from spanset.report.tried.trial_page import trial_page
from spanset.runs.compared_choices import Compared
from spanset.runs.folder import PAGE
from spanset.runs.folder_kinds import FolderKind, folder_kind
from spanset.runs.kept_trial import KeptTrial
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


def run_report(config: ReportConfig, watcher: Watcher) -> ReportWritten:
    """Run ``spanset report``: write the page of a run, or of data.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    folder = _folder_among(config)
    path = config.page.output
    if path is None:
        path = str(Path(folder) / PAGE) if folder is not None else page_name(config.data)
    refuse_existing(path, force=config.page.force, where="--output")
    if config.page.projection is not None:
        check_projection(config.page.projection)
    text = first_look(config, watcher) if folder is None else _page_of(folder, config, watcher)
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


def _folder_among(config: ReportConfig) -> str | None:
    """The folder of a result that is asked for; None where data are."""
    made = [name for name in config.data if folder_kind(Path(name)) is not FolderKind.OTHER]
    if not made:
        return None
    if len(config.data) > 1:
        raise UsageError(
            "a page is of one run, or of data",
            where=made[0],
            why=f"it holds {folder_kind(Path(made[0])).value}, and more is named beside it",
            fix="name it alone",
        )
    if words := told_words(config.reading, config.features, config.model):
        raise UsageError(
            "the page of a run needs no such settings",
            where=words[0],
            why="a run is told by the settings that it had",
            fix="leave it out",
        )
    return made[0]


def _page_of(folder: str, config: ReportConfig, watcher: Watcher) -> str:
    """The page that the command which made a folder left there, or leaves out."""
    text = kept_page(folder)
    return _page_of_run(folder, config.page.projection, watcher) if text is None else text


def kept_page(name: str) -> str | None:
    """The page of a folder of `spanset compare` or `spanset trial`; None where it is another."""
    folder = Path(name)
    kind = folder_kind(folder)
    if kind is FolderKind.TRIAL:
        return trial_page(KeptTrial.read(folder))
    if kind is FolderKind.COMPARISON:
        return compared_page(Compared.read(folder))
    if kind is FolderKind.UNFINISHED:
        raise DataError(
            "it was not finished, and has no result to show",
            where=name,
            why="parts of a comparison or trial are kept there, and tell nothing by themselves",
            fix="run the command that made it again: it goes on where it stopped",
        )
    return None


def _page_of_run(folder: str, projection: str | None, watcher: Watcher) -> str:
    """The page of a selection, out of its run folder and its inputs."""
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
