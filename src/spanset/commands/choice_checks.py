"""Options of a choice: which are given, and which do not go together."""

from __future__ import annotations

from collections.abc import Sequence

from spanset.base.errors import UsageError
from spanset.config.amounts import is_auto
from spanset.config.settings import SelectConfig
from spanset.quality.target_similarity import TARGET_SCORES
from spanset.selectors.value_shares import parse_shares


def options_of(config: SelectConfig) -> set[str]:
    """Options that are given, of those that not every method heeds."""
    choice, quality = config.choice, config.quality
    is_there = {
        "given": choice.given,
        "quality": quality.quality,
        "lambda": quality.quality_weight is not None,
        "target": choice.target and quality.quality not in TARGET_SCORES,
        "threshold": choice.threshold is not None,
        "clusters": choice.clusters is not None,
        "shares": choice.share,
        "keep": choice.keep,
        "same": choice.same != "row",
        "prefer": choice.prefer,
        "lengths": not config.features.normalize,
        "auto": is_auto(choice.k),
    }
    return {name for name, is_given in is_there.items() if is_given}


def check_choice(config: SelectConfig) -> None:
    """Refuse options of the choice that do not go together.

    Raises
    ------
    UsageError
        The first of them.
    """
    choice, quality = config.choice, config.quality.quality
    parse_shares(choice.share)
    check_numbers(choice.threshold, choice.avoid_at, choice.least_gain, choice.clusters)
    check_avoiding(choice.avoid, choice.avoid_at)
    is_whole = choice.k and not is_auto(choice.k)
    mistakes = (
        (
            quality in TARGET_SCORES and choice.target is None,
            ("rows are to be scored by a target, and there is none", f"--quality {quality}"),
            "add --target FILE: rows like those that the model shall be good at",
        ),
        (
            bool(choice.share) and not is_whole,
            ("shares are of a number of rows, and none is given", "--share"),
            "add -k, which --tokens may cut short",
        ),
        (
            choice.least_gain is not None and not is_auto(choice.k),
            ("it goes with -k auto", "--least-gain"),
            "leave it out",
        ),
        (
            choice.same == "both" and choice.given is not None,
            ("given rows are compared by one part alone", "--same both"),
            "use --same prompt or --same answer, or leave --given out",
        ),
    )
    for is_wrong, (what, where), fix in mistakes:
        if is_wrong:
            raise UsageError(what, where=where, fix=fix)


def check_numbers(
    threshold: float | None,
    avoid_at: float | None,
    least_gain: float | None,
    clusters: int | None,
) -> None:
    """Refuse numbers that are none of their kind."""
    for flag, value, kind in (
        ("--threshold", threshold, "cosine"),
        ("--avoid-at", avoid_at, "cosine"),
        ("--least-gain", least_gain, "share"),
    ):
        if value is not None and not 0.0 < value <= 1.0:
            fix = "give a number above 0, at most 1"
            raise UsageError(f"{value:g} is no {kind} of use", where=flag, fix=fix)
    if clusters is not None and clusters < 1:
        raise UsageError(f"{clusters} clusters", where="--clusters", fix="give 1 or more")


def check_avoiding(avoid: Sequence[str], avoid_at: float | None) -> None:
    """Refuse a cosine from which rows are avoided, without rows to avoid."""
    if avoid_at is not None and not avoid:
        raise UsageError("it goes with --avoid", where="--avoid-at", fix="leave it out")
