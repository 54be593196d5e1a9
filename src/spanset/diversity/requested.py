"""What is asked to be measured: checked before any work, and turned into measures."""

from __future__ import annotations

from spanset.base.errors import UsageError
from spanset.config.amounts import refuse_below_one, refuse_negative
from spanset.config.measure_settings import MeasuringConfig
from spanset.diversity.catalogue import DEFAULT, parse_measures, require_reference
from spanset.diversity.estimate import Measure


def requested_measures(config: MeasuringConfig, *, normalize: bool) -> list[Measure]:
    """The measures that are asked for.

    Parameters
    ----------
    normalize : bool
        Whether lengths do not count: where they do, volumes need a reference that has some.

    Raises
    ------
    UsageError
        No such measure, a number out of range, or flags that ask for different things.
    """
    refuse_negative(("--seed", config.seed), ("--workers", config.workers))
    refuse_below_one(("-n", config.n), ("--pool", config.pool), ("--draws", config.draws))
    _check_task(config)
    if "" in config.by:
        raise UsageError("no field is named", where="--by", fix="name a field of the rows")
    names = config.metrics or DEFAULT
    measures = parse_measures([*names, *(f"categories:{field}" for field in config.by)])
    if not normalize and config.reference is None:
        require_reference(measures, additions=config.given is not None)
    return measures


def _check_task(config: MeasuringConfig) -> None:
    """Refuse flags that ask for different things, or for nothing."""
    _one_of(("--given", config.given), ("--subset", config.subset), ("--scores", config.scores))
    if config.subset and not any(name.strip(",") for name in config.subset):
        raise UsageError(
            "no subset is named", where="--subset", fix="give a run folder or its ids.txt"
        )
    if config.given and (config.metrics or config.by):
        raise UsageError(
            "what new data add is not told by other measures",
            where="--metrics" if config.metrics else "--by",
            why="with --given, residuals and equivalent sizes are measured",
            fix="leave it out, or measure the data sets without --given",
        )
    if config.given is not None and config.plot is not None:
        raise UsageError(
            "there is no figure of what new data add", where="--plot", fix="drop one of them"
        )
    task = "--given" if config.given else "--subset" if config.subset else None
    if task is not None and config.pool is not None:
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
