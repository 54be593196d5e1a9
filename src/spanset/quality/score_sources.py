"""Scores of rows under a language model: from the stores that have them, else from a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spanset.base.array_types import FloatArray
from spanset.base.errors import UsageError
from spanset.base.stages import SILENT, Watcher
from spanset.config.model_settings import ModelConfig
from spanset.data.dataset import Dataset
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.features.stored import StoreFeatures
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.sides import has_pairs
from spanset.quality.answer_losses import AnswerLosses
from spanset.quality.model_scores import MODEL_SCORES, no_model
from spanset.sketches.kinds import check_sketch
from spanset.stores.keeping import in_cache
from spanset.stores.maker import Maker
from spanset.stores.represented import Scored


@dataclass(frozen=True)
class ModelScores:
    """Where scores come from.

    Attributes
    ----------
    store : StoreFeatures or None
        A store that the user named as features: looked at first.
    model : LanguageModel or None
        What reads rows that are not there.
    seed : int
        Of a sketch, where gradients are taken.
    """

    store: StoreFeatures | None
    model: LanguageModel | None
    seed: int = 0

    @classmethod
    def beside(
        cls,
        fitted: object,
        config: ModelConfig,
        *,
        seed: int = 0,
        on_bad_row: str = "stop",
        watcher: Watcher = SILENT,
    ) -> ModelScores:
        """The sources that stand beside features.

        Parameters
        ----------
        fitted : Representation or None
            What made the features; a language model of theirs scores the rows, too.
        config : ModelConfig
            Names the model otherwise.
        """
        if isinstance(fitted, (GradientFeatures, HiddenFeatures)):
            return cls(None, fitted.model, seed)
        model = None
        if config.model is not None:
            model = LanguageModel.load(config.model, config, on_bad_row=on_bad_row, watcher=watcher)
        return cls(fitted if isinstance(fitted, StoreFeatures) else None, model, seed)

    def score(self, data: Dataset, name: str) -> tuple[FloatArray, Scored]:
        """Scores of the rows that can be scored (n,), and which rows these are.

        Raises
        ------
        UsageError
            A store that lacks the score, and no model.
        """
        score = MODEL_SCORES[name]
        found = self._of_store(data, name) or self._of_model(data, name)
        values = dict(found.values)
        if score.from_answers:
            if self.model is None:
                raise self._lacking(name)
            alone = in_cache(AnswerLosses(self.model), found.data)
            answers = alone.scores(found.data, ("loss",), on_bad_row=self.model.on_bad_row)
            values = {column: own[answers.kept] for column, own in values.items()}
            values["answer_loss"] = answers.values["loss"]
            found = Scored(values, answers.data, found.kept[answers.kept])
        return score.of(values), found

    def model_settings(self) -> dict[str, Any]:
        """The model and how rows go through it, for a manifest."""
        if self.model is not None:
            return self.model.settings()
        assert self.store is not None  # noqa: S101 (one of the two scored the rows)
        others = ("kind", "targets", "sketch", "pooling")
        return {key: one for key, one in self.store.settings().items() if key not in others}

    def makers(self, data: Dataset, name: str, beside: Maker | None) -> list[Maker]:
        """What makes the columns of a score, where making the features does not.

        Parameters
        ----------
        beside : Maker or None
            What makes the features.
        """
        score = MODEL_SCORES[name]
        if self.model is None:
            if score.from_answers or self._of_store(data, name) is None:
                raise self._lacking(name)
            return []
        answers: list[Maker] = [AnswerLosses(self.model)] if score.from_answers else []
        if self._of_store(data, name) is not None:
            return answers
        maker = self._maker(self.model, data, name)
        if score.from_gradients:
            is_made = beside is not None and beside.settings() == maker.settings()
        else:
            is_made = isinstance(beside, (GradientFeatures, HiddenFeatures))
        return answers if is_made else [maker, *answers]

    def _of_store(self, data: Dataset, name: str) -> Scored | None:
        """From the store that was named, if it is of the model that was named."""
        if self.store is None:
            return None
        settings = None
        if self.model is not None:
            settings = HiddenFeatures(self.model).settings()
        score = MODEL_SCORES[name]
        return self.store.scores(data, score.needs, settings, from_gradients=score.from_gradients)

    def _of_model(self, data: Dataset, name: str) -> Scored:
        """From the cache, where what is not there is made."""
        if self.model is None:
            raise self._lacking(name)
        parts = in_cache(self._maker(self.model, data, name), data)
        return parts.scores(data, MODEL_SCORES[name].needs, on_bad_row=self.model.on_bad_row)

    def _maker(self, model: LanguageModel, data: Dataset, name: str) -> Maker:
        """What leaves the score; of pairs the gradient of one side, not of the difference."""
        if not MODEL_SCORES[name].from_gradients:
            return HiddenFeatures(model, scores_only=True)
        config = model.config
        check_sketch(config.sketch, config.rank, config.dimension)
        is_of_sides = config.pair == "difference" and has_pairs(data)
        return GradientFeatures(model.one_sided() if is_of_sides else model, self.seed)

    def _lacking(self, name: str) -> UsageError:
        """No model, and no store that has the score: what to run."""
        if self.store is None:
            return no_model(name)
        settings = self.store.settings()
        model = settings["model"]["name"] if "tokenizer" in settings else "M"
        why = f"it holds {settings['kind']} features"
        if MODEL_SCORES[name].from_answers:
            why = f"{name} takes one more pass of the model, over the answers alone"
        elif MODEL_SCORES[name].from_gradients and settings["kind"] == "hidden":
            why = "hidden states are made by a pass forward, without gradients"
        elif MODEL_SCORES[name].from_gradients and settings["kind"] == "gradient":
            why = "its gradients of pairs are of the difference, the score is of the chosen side"
        return UsageError(
            f"the store holds no {name}",
            where=f"--features store:{self.store.path}",
            why=why,
            fix=f"name the model that is to score the rows: --model {model}",
        )
