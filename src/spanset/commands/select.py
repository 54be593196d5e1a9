"""`spanset select`: read, represent, score, select, summarise, write."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from spanset.base.errors import SpansetError
from spanset.base.memory import peak_bytes
from spanset.base.stages import Watcher, stopwatch
from spanset.commands.choosing.judged_choice import JudgedChoice
from spanset.commands.choosing.pool import require_rows
from spanset.commands.choosing.selection_report import page_of
from spanset.commands.choosing.selection_task import SelectionTask
from spanset.config.amounts import is_auto
from spanset.config.settings import SelectConfig
from spanset.data.conversion import what_is_lost
from spanset.data.remarks import remark_lines
from spanset.diversity.repeats import Repeats
from spanset.greedy.enough import Reached
from spanset.greedy.selection import Selection, StopReason
from spanset.runs.finished import FinishedRun
from spanset.runs.folder import PAGE
from spanset.runs.summary import SetSummary
from spanset.selectors.choosing import choose_rows
from spanset.selectors.finished_choice import FinishedChoice


@dataclass(frozen=True)
class Outcome:
    """A finished selection: what was chosen, its summary, and where it was written."""

    run: FinishedRun
    wanted: int | None
    summaries: list[SetSummary]
    timings: dict[str, float]
    peak_bytes: int
    written: list[str]
    repeats: Repeats | None = None
    reached: Reached | None = None

    def record(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        data, picks = self.run.data, self.run.picks
        return {
            "sets": [asdict(one) for one in self.summaries],
            "repeats": None if self.repeats is None else self.repeats.record(),
            "diagnosis": [sign.record() for sign in self.run.diagnosis],
            "repeated": None if self.run.dropped is None else self.run.dropped.record(),
            "enough": None if self.reached is None else asdict(self.reached),
            "wanted": self.wanted,
            "picked": len(picks),
            "kernel": self.run.kernel,
            "stop_reason": picks.stop_reason.value,
            "last_gain": None if np.isnan(picks.gains[-1]) else picks.gains[-1],
            "tokens_counted_by": self.run.tokens.method,
            "malformed": len(data.bad),
            "empty": len(data.empty),
            "unrepresented": len(data.unrepresented),
            "avoided": len(data.avoided),
            "remarks": remark_lines(data),
            "seconds": self.timings,
            "peak_bytes": self.peak_bytes,
            "written": self.written,
        }


def run_select(config: SelectConfig, watcher: Watcher) -> Outcome:
    """Run ``spanset select``.

    Raises
    ------
    SpansetError
        With what, where, why and what to do; nothing is written then.
    """
    task = SelectionTask.check(config)
    timings: dict[str, float] = {}
    stage = stopwatch(watcher, timings)
    with stage("read"):
        data, sizes, names = task.read()
        for line in what_is_lost(data) if config.output.to else ():
            watcher.note(line)
        beside = task.beside()
    with task.on_cluster():
        with stage("represent"):
            pool = task.represented(data, beside, watcher)
            pool = task.less_avoided(pool, beside, watcher)
        with stage("score"):
            pool = task.rated(pool, watcher)
            require_rows(pool.made.data, sizes)
        with stage("select"):
            k = sizes[-1] if sizes else len(pool.made.X)
            candidates = task.candidates(pool, k)
            picks, kernel = choose_rows(candidates, k, task.choosing, watcher=watcher)
            require_picks(picks)
    lengths = [min(size, len(picks)) for size in sizes or [len(picks)]]
    with stage("summarise"):
        choice = FinishedChoice.of(candidates, task.choosing, picks, kernel, k)
        judged = JudgedChoice.of(task, pool, choice, picks, lengths)
    pages: dict[str, str] = {}
    if config.output.report and task.outputs.run is not None:
        with stage("report"):
            pages[PAGE] = page_of(judged, pool, choice)
    with stage("write"):
        subsets = dict(zip(names, lengths, strict=True))
        written = task.outputs.write(
            judged.run, subsets, {**timings, "peak_bytes": peak_bytes()}, pages
        )
    wanted = sizes[-1] if sizes else None
    reached = Reached.by(picks.gains, len(pool.made.X)) if is_auto(config.choice.k) else None
    return Outcome(
        judged.run,
        wanted,
        list(judged.run.summaries),
        timings,
        peak_bytes(),
        written,
        judged.repeats,
        reached,
    )


def require_picks(picks: Selection) -> None:
    """Refuse a selection without picks, with what to change."""
    if len(picks):
        return
    reason = picks.stop_reason
    if reason is StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    fixes = {
        StopReason.TOKEN_BUDGET: "the best row alone exceeds the budget: raise --tokens, or lower "
        "--lambda if quality prefers long rows",
        StopReason.EXHAUSTED: "check --given: it seems to hold all of the data already",
        StopReason.THRESHOLD: "--given is near to all of the data: raise --threshold, or check it",
        StopReason.NOTHING_ADDED: "no row points where the target does: check that both are "
        "represented in the same way",
        StopReason.RANK_EXHAUSTED: "--given leaves nothing for this kernel to tell apart: "
        "use --kernel rbf, or fewer given rows",
    }
    raise SpansetError(
        "nothing was picked", where="select", why=reason.value, fix=fixes.get(reason, "check -k")
    )
