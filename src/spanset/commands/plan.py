"""What a selection would do and take, without doing it."""

from __future__ import annotations

from typing import Any

from spanset.commands.choosing.selection_task import SelectionTask
from spanset.commands.planned_choice import PlannedChoice
from spanset.commands.planned_selection import Plan
from spanset.config.amounts import is_auto, token_count
from spanset.config.settings import FeatureConfig, SelectConfig
from spanset.data.dataset import Dataset
from spanset.data.remarks import remark_lines
from spanset.features.array import load_features
from spanset.features.representations import dimension, lexical_maker, loaded
from spanset.features.specs import Spec
from spanset.features.stored import StoreFeatures
from spanset.greedy.budget import TokenBudget
from spanset.kernels.choice import kernel_settings, make_kernel
from spanset.kernels.gamma import AutoGamma, parse_gamma, usual_gamma
from spanset.quality.lengths import count_tokens
from spanset.quality.model_scores import MODEL_SCORES
from spanset.stores.keeping import Planned, planned
from spanset.stores.maker import Maker


def plan_select(config: SelectConfig) -> tuple[Dataset, Plan]:
    """Check everything that can be checked, read the data, and estimate the rest."""
    task = SelectionTask.check(config)
    data, sizes, names = task.read()
    _require_features(task.spec, data)
    beside = task.beside()
    given = beside.given
    maker = _maker(task.spec, config, data)
    made = None if maker is None else planned(maker, data, on_bad_row=config.reading.on_bad_row)
    scoring = _scoring(config, task.spec, data, maker)
    seconds = {} if made is None else {"features": made.seconds}
    if scoring:
        seconds["scores"] = sum(one.seconds for one in scoring)
    k = _likely_rows(config, data, sizes)
    disk = {"subset": int((data.length.mean() + 1) * sum(sizes or [k]))}
    if made is not None:
        disk["features"] = made.bytes
    d = dimension(task.spec) if maker is None else maker.dimension
    g = 0 if given is None else len(given)
    choice = PlannedChoice.of(task, len(data), k, d, g)
    if choice.seconds:
        seconds["selection"] = choice.seconds
    folder = f"{task.outputs.run}/" if task.outputs.subset is None else ""
    return data, Plan(
        inputs=_inputs(data),
        given=g,
        method=config.choice.method,
        picks=sizes or [k],
        features=str(task.spec),
        dimension=d,
        to_make=made,
        kernel=_kernel_named(config.features, _kind(task.spec)),
        quality=config.quality.quality,
        quality_weight=task.weight,
        output=[folder + name for name in names],
        seconds=seconds,
        memory_bytes=choice.memory,
        available_bytes=choice.available,
        disk_bytes=disk | choice.disk,
        to_score=scoring,
        remarks=remark_lines(data),
        beside={
            "target": len(beside.target or ()),
            "avoid": len(beside.avoid or ()),
            "keep": len(beside.keep),
        },
        found_by=_found_by(config, sizes),
        scratch=choice.scratch,
        quicker=choice.quicker,
        cluster=choice.cluster,
    )


def _found_by(config: SelectConfig, sizes: list[int]) -> str:
    """How the number of picks is found, where nobody says it."""
    if is_auto(config.choice.k):
        return "as many as there are before a row adds little"
    if not sizes and config.choice.tokens is None:
        return "all rows but repeats"
    return ""


def _require_features(spec: Spec, data: Dataset) -> None:
    """Refuse features that are brought and do not belong to the rows."""
    if spec.kind == "array":
        load_features(spec.argument, data)
    elif spec.kind == "store":
        StoreFeatures(spec.argument).require(data)


def _likely_rows(config: SelectConfig, data: Dataset, sizes: list[int]) -> int:
    """Picks to expect."""
    k = sizes[-1] if sizes else len(data)
    if is_auto(config.choice.k):  # a guess: the gains will tell
        k = max(1, k // 10)
    if config.choice.tokens is None:
        return k
    counts = count_tokens(data, config.quality.tokenizer).total
    return min(k, TokenBudget(counts, token_count(config.choice.tokens)).likely_rows)


def _maker(spec: Spec, config: SelectConfig, data: Dataset) -> Maker | None:
    """What would make the features; None where they are brought."""
    if spec.kind == "lexical":
        return lexical_maker(data, seed=config.choice.seed)
    if spec.path is not None:
        return None
    on_bad_row = config.reading.on_bad_row
    return loaded(spec, config.model, seed=config.choice.seed, on_bad_row=on_bad_row)


def _inputs(data: Dataset) -> list[dict[str, Any]]:
    """Each input with its container, format and counts."""
    return [
        {
            "name": source.name,
            "container": source.container,
            "format": format.name,
            "rows": int((data.source == number).sum()),
            "malformed": sum(row.source == source.name for row in data.bad),
            "no_answer": sum(row.source == source.name for row in data.empty),
        }
        for number, (source, format) in enumerate(zip(data.sources, data.formats, strict=True))
    ]


def _scoring(config: SelectConfig, spec: Spec, data: Dataset, maker: Maker | None) -> list[Planned]:
    """What passes of a model for the quality take, beside those of the features."""
    quality = config.quality.quality
    if quality not in MODEL_SCORES:
        return []
    from spanset.quality.score_sources import ModelScores

    fitted = StoreFeatures(spec.argument) if spec.kind == "store" else maker
    on_bad_row = config.reading.on_bad_row
    seed = config.choice.seed
    sources = ModelScores.beside(fitted, config.model, seed=seed, on_bad_row=on_bad_row)
    makers = sources.makers(data, quality, maker)
    return [planned(one, data, on_bad_row=on_bad_row) for one in makers]


def _kind(spec: Spec) -> str:
    """Kind of the features, of a store what it holds."""
    if spec.kind != "store":
        return spec.kind
    return str(StoreFeatures(spec.argument).settings()["kind"])


def _kernel_named(features: FeatureConfig, kind: str) -> str:
    """Kernel, gamma and what becomes of lengths, in words."""
    found = parse_gamma(features.kernel, usual_gamma(features.kernel, features.gamma, kind))
    if isinstance(found, AutoGamma):
        gamma = f", gamma found for {found.picks:,} picks"
    else:
        settings = kernel_settings(make_kernel(features.kernel, found))
        gamma = f", gamma {settings['gamma']:g}" if "gamma" in settings else ""
    return features.kernel + gamma + ("" if features.normalize else ", rows not normalised")
