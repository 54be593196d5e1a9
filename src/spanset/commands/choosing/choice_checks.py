"""Options of a choice: which are given, and which do not go together."""

from __future__ import annotations

from collections.abc import Sequence, Sized

from spanset.base.errors import UsageError
from spanset.base.ray_cluster import check_address
from spanset.config.amounts import is_auto
from spanset.config.settings import SelectConfig
from spanset.quality.target_similarity import TARGET_SCORES
from spanset.selectors.methods import method_named
from spanset.selectors.value_shares import parse_shares


def options_of(config: SelectConfig) -> set[str]:
    """Options that are given to the command, of those that not every method heeds."""
    choice, quality = config.choice, config.quality
    return given_options(
        auto=is_auto(choice.k),
        quality=quality.quality,
        quality_weight=quality.quality_weight,
        normalize=config.features.normalize,
        given=choice.given,
        target=choice.target,
        threshold=choice.threshold,
        clusters=choice.clusters,
        shares=choice.share,
        keep=choice.keep,
        same=choice.same,
        prefer=choice.prefer,
        rounds=choice.rounds,
    )


def given_options(
    *,
    given: object,
    quality: object,
    quality_weight: float | None,
    target: object,
    threshold: float | None,
    clusters: int | None,
    shares: Sequence[str],
    keep: Sized | None,
    same: str,
    prefer: Sequence[str],
    normalize: bool,
    auto: bool,
    rounds: int,
) -> set[str]:
    """Options that are given, to the command or the verb, by their names in `OPTIONS`."""
    is_target_score = isinstance(quality, str) and quality in TARGET_SCORES
    is_there = {
        "given": given is not None,
        "quality": quality is not None,
        "lambda": quality_weight is not None,
        "target": target is not None and not is_target_score,
        "threshold": threshold is not None,
        "clusters": clusters is not None,
        "shares": len(shares) > 0,
        "keep": keep is not None and len(keep) > 0,
        "same": same != "row",
        "prefer": len(prefer) > 0,
        "lengths": not normalize,
        "auto": auto,
        "rounds": rounds > 1,
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
    check_avoiding(choice.avoid_at, has_avoid=len(choice.avoid) > 0)
    check_same(choice.same, has_given=choice.given is not None)
    is_whole = choice.k and not is_auto(choice.k)
    check_rounds(choice.rounds, choice.parts, auto=is_auto(choice.k), shares=choice.share)
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


def check_rounds(rounds: int, parts: int | None, *, auto: bool, shares: Sequence[str]) -> None:
    """Refuse parts without rounds, and rounds beside what only the whole can tell."""
    if rounds not in (1, 2):
        raise UsageError(f"{rounds} rounds", where="--rounds", fix="give 1 or 2")
    if rounds == 1:
        if parts is not None:
            raise UsageError("it goes with --rounds 2", where="--parts", fix="leave it out")
        return
    if parts is not None and parts < 2:
        raise UsageError(f"{parts} parts", where="--parts", fix="give 2 or more")
    for flag in _needs_all_rows(auto=auto, shares=shares):
        raise UsageError(
            f"two rounds do not go with {flag}",
            where="--rounds 2",
            why="a part of the rows does not tell how many to find in it",
            fix=f"leave out one of the two{', or give -k a number' if auto else ''}",
        )


def check_cluster(address: str | None, workers: int | None, method: str) -> None:
    """Refuse a cluster for what is not computed there, and what is no address of one."""
    check_address(address, workers)
    if address is not None and not method_named(method).holds_factor:
        raise UsageError(
            f"--method {method} is not computed on a cluster",
            where="--ray",
            fix="leave out one of the two",
        )


def may_be_in_rounds(config: SelectConfig) -> bool:
    """Whether two rounds could be asked for instead of one."""
    choice = config.choice
    return choice.rounds == 1 and not _needs_all_rows(auto=is_auto(choice.k), shares=choice.share)


def _needs_all_rows(*, auto: bool, shares: Sequence[str]) -> list[str]:
    """Flags that are given, of those that all rows have to be seen for at once."""
    is_given = {"-k auto": auto, "--share": len(shares) > 0}
    return [flag for flag, one in is_given.items() if one]


def check_avoiding(avoid_at: float | None, *, has_avoid: bool) -> None:
    """Refuse a cosine from which rows are avoided, without rows to avoid."""
    if avoid_at is not None and not has_avoid:
        raise UsageError("it goes with --avoid", where="--avoid-at", fix="leave it out")


def check_same(same: str, *, has_given: bool) -> None:
    """Refuse given rows beside a comparison by two parts."""
    if same == "both" and has_given:
        raise UsageError(
            "given rows are compared by one part alone",
            where="--same both",
            fix="use --same prompt or --same answer, or leave --given out",
        )
