"""Why a run that is made again may differ: what is known to be other now, and what may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spanset.config.settings import SelectConfig
from spanset.features.specs import parse_features
from spanset.runs.close_values import first_difference

# Parts of a manifest that tell what rows were compared and scored by.
MADE_BY = ("features", "quality", "kernel", "tokens_counted_by", "seed")
HERE = ("machine", "processor")
UNKNOWN = "unknown: please report it, with the run's manifest.json and config.toml"


def changed_software(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What of versions and machine is known to differ between two manifests."""
    mine, its = then["versions"], now["versions"]
    other = [
        f"{name} {mine[name]} then, {its[name]} now"
        for name in mine
        if name in its and mine[name] != its[name]
    ]
    return other + [
        f"{name} {then[name]} then, {now[name]} now"
        for name in HERE
        if name in then and then[name] != now[name]
    ]


def is_same_place(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two runs had the same versions on the same kind of processor."""
    return all(name in then for name in HERE) and not changed_software(then, now)


def likely_causes(
    config: SelectConfig,
    then: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    is_rounding: bool = False,
) -> tuple[str, ...]:
    """Likely causes of other picks or gains, from two manifests; never none."""
    found: list[str] = []
    if is_rounding:
        found.append("rounding, which versions, processors and numbers of threads change")
    for part in MADE_BY:
        other = first_difference(then.get(part), now.get(part), 0.0, place=part)
        if other is not None:
            found.append(f"{other.place} {other.then} then, {other.now} now")
    found += [f"another version or machine: {one}" for one in changed_software(then, now)]
    if files := list(_uncovered(config)):
        found.append(f"changed files, which have no digest: {', '.join(files)}")
    return tuple(found) or (UNKNOWN,)


def _uncovered(config: SelectConfig) -> Iterator[str]:
    """What a run reads beside its data."""
    choice = config.choice
    spec = parse_features(config.features.features, config.model.model)
    if spec.path is not None:
        yield f"the {spec.kind} {spec.path}"
    beside = (
        ("--given", choice.given),
        ("--target", choice.target),
        ("--keep", choice.keep),
        *(("--avoid", path) for path in choice.avoided),
    )
    yield from (f"{flag} {path}" for flag, path in beside if path)
