"""Settings checked before any work: what is wrong without a look at the data."""

from __future__ import annotations

from spanset.amounts import row_counts, token_count
from spanset.config import DataConfig, MeasureConfig, MeasuringConfig, ModelConfig, SelectConfig
from spanset.data.formats import FORMATS, mapped, parse_mapping
from spanset.data.inputs import refuse_second_stdin
from spanset.data.reader import unknown_format
from spanset.diversity.catalogue import parse_measures, require_reference
from spanset.diversity.measure import Measure
from spanset.errors import UsageError
from spanset.features import Spec, parse_features, refuse_idle_model
from spanset.features.placing import check_placing
from spanset.features.sketches import check_sketch
from spanset.quality import MODEL_SCORES, no_model, require_known_quality
from spanset.report.figures import check_plot
from spanset.selectors import require_conditional
from spanset.selectors.top import require_quality
from spanset.similarity import check_kernel
from spanset.verbs import resolved_weight


def check_select(config: SelectConfig) -> float:
    """Check what needs no data, before any work; lambda."""
    choice, quality = config.choice, config.quality.quality
    if not choice.k and choice.tokens is None:
        raise UsageError(
            "neither -k nor --tokens is given", where="-k", fix="say how much to pick: -k 10000"
        )
    if choice.k and not row_counts(choice.k, None) and choice.tokens is None:
        raise UsageError("no number of rows", where="-k", fix="say how much to pick: -k 10000")
    if choice.tokens is not None:
        token_count(choice.tokens)
    check_kernel(config.features.kernel, config.features.gamma, config.compute.dtype)
    for flag, value in (
        ("--seed", choice.seed),
        ("--draws", config.output.draws),
        ("--workers", config.compute.workers),
    ):
        if value < 0:
            raise UsageError(f"{value} is negative", where=flag, fix="give 0 or more")
    spec = parse_features(config.features.features, config.model.model)
    if spec.kind == "gradient":
        check_sketch(config.model.sketch, config.model.rank, config.model.dimension)
    _check_model(config.model)
    if quality is not None:
        require_known_quality(quality)
    _check_scores(spec, config)
    _check_reading(config.reading)
    if choice.given is not None:
        require_conditional(choice.method)
        refuse_second_stdin((*config.data, choice.given), "--given")
    if choice.method == "top":
        require_quality(quality)
    return resolved_weight(config.quality.quality_weight, has_quality=quality is not None)


def check_measure(config: MeasureConfig) -> list[Measure]:
    """Check what `spanset measure` is told, before any work; the measures."""
    measuring = config.measuring
    check_kernel(config.features.kernel, config.features.gamma, measuring.dtype)
    for flag, value in (("--seed", measuring.seed), ("--workers", measuring.workers)):
        if value < 0:
            raise UsageError(f"{value} is negative", where=flag, fix="give 0 or more")
    for flag, value in (
        ("-n", measuring.n),
        ("--pool", measuring.pool),
        ("--draws", measuring.draws),
    ):
        if value is not None and value < 1:
            raise UsageError(f"{value} is too few", where=flag, fix="give 1 or more")
    _check_task(measuring)
    refuse_second_stdin((*config.data, measuring.given), "--given")
    refuse_second_stdin((*config.data, measuring.given, measuring.reference), "--reference")
    spec = parse_features(config.features.features, config.model.model)
    if spec.kind == "gradient":
        check_sketch(config.model.sketch, config.model.rank, config.model.dimension)
    refuse_idle_model(spec, config.model.model)
    _check_model(config.model)
    _check_reading(config.reading)
    if measuring.plot is not None:
        if measuring.given is not None:
            raise UsageError(
                "there is no figure of what new data add", where="--plot", fix="drop one of them"
            )
        check_plot(measuring.plot, force=measuring.force)
    if "" in measuring.by:
        raise UsageError("no field is named", where="--by", fix="name a field of the rows")
    names = measuring.metrics or ("all",)
    measures = parse_measures([*names, *(f"categories:{field}" for field in measuring.by)])
    if not config.features.normalize and measuring.reference is None:
        require_reference(measures, additions=measuring.given is not None)
    return measures


def _check_task(measuring: MeasuringConfig) -> None:
    """Refuse flags that ask for different things, or for nothing."""
    _one_of(
        ("--given", measuring.given), ("--subset", measuring.subset), ("--scores", measuring.scores)
    )
    if measuring.subset and not any(name.strip(",") for name in measuring.subset):
        raise UsageError(
            "no subset is named", where="--subset", fix="give a run folder or its ids.txt"
        )
    if measuring.given and (measuring.metrics or measuring.by):
        raise UsageError(
            "what new data add is not told by other measures",
            where="--metrics" if measuring.metrics else "--by",
            why="with --given, residuals and equivalent sizes are measured",
            fix="leave it out, or measure the data sets without --given",
        )
    task = "--given" if measuring.given else "--subset" if measuring.subset else None
    if task is not None and measuring.pool is not None:
        raise UsageError(
            "a pool is drawn where data sets are compared",
            where="--pool",
            why=f"with {task} all rows are looked at",
            fix="leave it out",
        )


def _one_of(*flags: tuple[str, object]) -> None:
    """Refuse flags that ask for different things."""
    given = [flag for flag, value in flags if value]
    if len(given) > 1:
        raise UsageError(
            f"{given[0]} and {given[1]} ask for different things",
            where=given[1],
            fix="give one of them",
        )


def _check_reading(reading: DataConfig) -> None:
    if reading.map is not None and reading.format is not None:
        raise UsageError(
            "--map and --format both say how rows are understood", where="--map", fix="drop one"
        )
    if reading.map is not None:
        mapped(parse_mapping(reading.map))
    if reading.format is not None and reading.format not in FORMATS:
        raise unknown_format(reading.format)


def check_features(spec: Spec, model: ModelConfig, seed: int) -> None:
    """Check what `spanset features` is told, likewise."""
    if seed < 0:
        raise UsageError(f"{seed} is negative", where="--seed", fix="give 0 or more")
    if spec.kind == "gradient":
        check_sketch(model.sketch, model.rank, model.dimension)
    refuse_idle_model(spec, model.model)
    _check_model(model)


def _check_scores(spec: Spec, config: SelectConfig) -> None:
    """Refuse a score of a model that is not named, or a model that has nothing to do."""
    quality, model = config.quality.quality, config.model
    is_scored = quality in MODEL_SCORES
    refuse_idle_model(spec, model.model, scores=is_scored)
    if quality is None or not is_scored:
        return
    is_by_model = model.model is not None or spec.takes_model
    if not is_by_model and spec.kind != "store":
        raise no_model(quality)
    if is_by_model and MODEL_SCORES[quality].from_gradients:
        check_sketch(model.sketch, model.rank, model.dimension)
    if spec.kind == "sentence" and model.revision is not None:
        raise UsageError(
            "one revision is given for two models",
            where="--revision",
            why=f"--features {spec} and --model {model.model} may both come from the hub",
            fix="leave it out, or load the model of that revision into a folder and name that",
        )


def _check_model(model: ModelConfig) -> None:
    check_placing(model)
    if model.batch_tokens is not None and model.batch_tokens < 1:
        raise UsageError("no tokens", where="--batch-tokens", fix="give 1 or more")
