"""What a choice that was made amounts to: beside random rows, between inputs, and what looks wrong.

`spanset select` judges what it chose, `spanset report` what a run folder holds: the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spanset.commands.choosing.pool import Pool
from spanset.commands.choosing.selection_task import SelectionTask
from spanset.commands.input_sets import input_sets
from spanset.diversity.repeats import Repeats, repeats_between
from spanset.greedy.selection import Selection
from spanset.kernels.choice import kernel_settings
from spanset.runs.compared_gains import ComparedGains
from spanset.runs.diagnosis import diagnose
from spanset.runs.dropped_rows import DroppedRows
from spanset.runs.finished import FinishedRun
from spanset.runs.signs.finished_case import FinishedCase
from spanset.runs.summary import summarise
from spanset.selectors.dedup import Deduplicated
from spanset.selectors.finished_choice import FinishedChoice


@dataclass(frozen=True)
class JudgedChoice:
    """A finished run and what is said of it.

    Attributes
    ----------
    run : FinishedRun
        With its summaries and its diagnosis.
    compared : ComparedGains
        Of the picks and of random rows.
    repeats : Repeats or None
        Between inputs; None of one.
    """

    run: FinishedRun
    compared: ComparedGains
    repeats: Repeats | None

    @classmethod
    def of(
        cls,
        task: SelectionTask,
        pool: Pool,
        choice: FinishedChoice,
        picks: Selection,
        lengths: Sequence[int],
    ) -> JudgedChoice:
        """Of a choice, with all that is known of its picks, and of their prefixes."""
        config, candidates, kernel = task.config, choice.candidates, choice.kernel
        made, rated, tokens, seed = pool.made, pool.rated, pool.tokens, config.choice.seed
        sizes, features = sorted(set(lengths)), pool.fitted.settings()
        compared = ComparedGains.of(
            made.X,
            picks,
            sizes[-1],
            kernel,
            given=pool.given,
            draws=config.output.draws,
            seed=seed,
            lengths=candidates.lengths,
        )
        summaries = summarise(
            made.data,
            made.X,
            picks,
            sizes,
            compared,
            tokens=tokens.total,
            by=config.output.by,
            scores=rated.scores,
            seed=seed,
        )
        repeats = repeats_between(input_sets(made.X, made.data), seed=seed)
        case = FinishedCase(
            made.X,
            picks,
            kernel,
            summaries,
            tokens.total,
            features,
            rated.log_quality,
            task.weight,
            candidates.lengths,
            pool.given,
            is_budgeted=candidates.budget is not None,
            device=config.model.selection_device,
            seed=seed,
        )
        run = FinishedRun(
            made.data,
            picks,
            tokens,
            config=config.table(),
            features=features,
            kernel={**kernel_settings(kernel), "normalize": config.features.normalize},
            seed=seed,
            log_quality=rated.log_quality,
            quality=rated.settings and {**rated.settings, "lambda": task.weight},
            diagnosis=diagnose(case),
            dropped=_dropped(picks, pool),
            given=pool.given_rows,
            summaries=tuple(summaries),
        )
        return cls(run, compared, repeats)


def _dropped(picks: Selection, pool: Pool) -> DroppedRows | None:
    """Rows that a deduplication dropped."""
    if not isinstance(picks, Deduplicated):
        return None
    given = None if pool.given_rows is None else pool.given_rows.digests
    return DroppedRows.of_choice(picks, pool.keys, given)
