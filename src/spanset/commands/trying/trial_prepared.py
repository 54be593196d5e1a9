"""A trial before the first training: rows by their use, the model, and what judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spanset.base.stages import Watcher
from spanset.commands.trying.trial_candidates import Named
from spanset.commands.trying.trial_checks import require_memory
from spanset.commands.trying.trial_evaluations import Elsewhere, evaluations_of
from spanset.commands.trying.trial_rows import TrialRows, rendered_rows
from spanset.config.model_settings import ModelConfig
from spanset.config.trial_settings import JudgingConfig
from spanset.data.dataset import Dataset
from spanset.data.remarks import remark_lines
from spanset.models.language_model import LanguageModel
from spanset.runs.kept_cells import KeptCells, key_of
from spanset.runs.read_inputs import read_inputs
from spanset.trials.evaluation import Evaluation
from spanset.trials.training import Training
from spanset.trials.trial import TrainedCell, Trial, TrialCell
from spanset.trials.trial_results import Sets


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a trial starts from.

    Attributes
    ----------
    data : Dataset
        All rows.
    rows : TrialRows
        Their uses.
    before : list of (str, (k,) int64)
        Choices that were made before, by name and row numbers.
    model : LanguageModel
        To be tuned.
    evaluations : list of Evaluation
        What judges it.
    groups : list of Sets
        How they go together.
    """

    data: Dataset
    rows: TrialRows
    before: list[Named]
    model: LanguageModel
    evaluations: list[Evaluation]
    groups: list[Sets]

    @classmethod
    def of(
        cls,
        data: Dataset,
        before: list[Named],
        elsewhere: Sequence[Elsewhere],
        judging: JudgingConfig,
        model: LanguageModel,
        training: Training,
        *,
        seed: int,
        watcher: Watcher,
    ) -> Prepared:
        """Divide the rows and render what judges; rows that are left out are told."""
        require_memory(model, training)
        rows = TrialRows.divide(
            data,
            model,
            [one.rows for one in elsewhere],
            home=judging.home,
            taken=np.concatenate([np.zeros(0, np.int64), *(ids for _, ids in before)]),
            seed=seed,
        )
        for line in rows.said():
            watcher.note(line)
        evaluations, groups = evaluations_of(judging, rows.home, elsewhere, model, seed)
        return cls(data, rows, before, model, evaluations, groups)

    def trial(self, training: Training) -> Trial:
        """What all trainings share."""
        return Trial(
            self.model,
            training,
            self.evaluations,
            lambda places: rendered_rows(self.rows.pool, self.model, places),
            self.rows.pool.digests,
            self.rows.tokens,
        )

    def trained(
        self,
        training: Training,
        cells: Sequence[TrialCell],
        kept: KeptCells | None,
        watcher: Watcher,
    ) -> list[TrainedCell]:
        """What came of the cells, found among kept ones or made; without a folder, made."""
        trial = self.trial(training)

        def find(cell: TrialCell) -> TrainedCell | None:
            return None if kept is None else kept.find(key_of(trial.key(cell)), TrainedCell)

        def keep(cell: TrialCell, made: TrainedCell) -> None:
            if kept is not None:
                kept.keep(key_of(trial.key(cell)), made)

        return trial.run(cells, find, keep, watcher)

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON: what was read, and what became of the rows."""
        return {
            "inputs": [one.record() for one in read_inputs(self.data)],
            "remarks": remark_lines(self.data),
            "pool": len(self.rows.pool),
            "home_rows": self.rows.home.ids.tolist(),
            "left_out": [vars(one) for one in self.rows.left_out],
            "model": self.model.settings(),
        }


def tuned_model(
    config: ModelConfig, watcher: Watcher, *, on_bad_row: str = "stop"
) -> LanguageModel:
    """The model as it is tuned: in float32; on a card its products are bfloat16."""
    assert config.model is not None  # noqa: S101 (checked)
    settings = replace(config, model_dtype="float32")
    return LanguageModel.load(
        config.model, settings, on_bad_row=on_bad_row, watcher=watcher
    ).one_sided()
