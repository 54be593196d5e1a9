"""What to do with the data next, as commands to copy."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spanset.base.errors import printable
from spanset.greedy.selection import StopReason
from spanset.report.looked_at.first_facts import FirstFacts
from spanset.report.looked_at.size_curve import SizeCurve
from spanset.report.page.markup import Markup, element

COMPARING = ("select", "measure")  # commands that compare rows
FEWEST = 50  # rows: of fewer all are trained on
REPEATS = 0.005  # share of near duplicates from which leaving out these alone is worth its while
DIGITS = 2  # of a number of rows that is suggested


def suggested_size(curve: SizeCurve) -> str | None:
    """Value of -k: where the curve bends; auto where it goes on; None of too few rows."""
    if not curve.says_something:
        return None
    if curve.enough is not None:
        return str(_rounded(curve.enough))
    ended = curve.picks.stop_reason is not StopReason.REACHED_K
    return str(len(curve.picks)) if ended else "auto"


@dataclass(frozen=True)
class Asked:
    """Words of the command line that was given.

    Attributes
    ----------
    data : sequence of str
        The inputs.
    reading, comparing : sequence of str
        Flags by which they were read, and by which rows were compared.
    """

    data: Sequence[str]
    reading: Sequence[str] = ()
    comparing: Sequence[str] = ()


def next_steps(facts: FirstFacts, asked: Asked) -> Iterator[Markup]:
    """Commands with what each is for; they read and compare the data as was done here."""
    skip = ["--on-bad-row", "skip"] if facts.data.bad else []
    size = suggested_size(facts.curve)

    def command(verb: str, *words: str) -> Markup:
        compared = asked.comparing if verb in COMPARING else ()
        line = shlex.join(["spanset", verb, *asked.data, *words, *asked.reading, *compared, *skip])
        return element("pre", element("code", printable(line)))

    if size is not None:
        yield element("p", _why(facts, size))
        yield command("select", "-k", size, "-o", "subset.jsonl")
    elif len(facts.data) < FEWEST:
        yield element("p", "So few rows are best used all. See how they are understood:")
    else:
        yield element("p", "Pick half of the rows, those that repeat each other least:")
        yield command("select", "-k", "50%", "-o", "subset.jsonl")
    if facts.groups.share >= REPEATS:
        yield element("p", "Or leave out nothing but repeats:")
        yield command("select", "--method", "dedup", "-o", "without-repeats.jsonl")
    if len(facts.data) >= FEWEST:
        yield element("p", "Measure how diverse they are, in more ways and more exactly:")
        yield command("measure", "--metrics", "all")
        yield element("p", "See how rows are understood:")
    yield command("show", "-n", "3")


def _why(facts: FirstFacts, size: str) -> str:
    """What the size is taken from."""
    curve = facts.curve
    if size == "auto":
        return (
            f"After {len(curve.picks):,} picks further rows still add much: -k auto goes on until "
            "they add little. A number of your own is as good."
        )
    if curve.enough is None:
        return f"Pick {int(size):,} rows: all others are copies of them, or nearly so."
    of = f" of the {curve.rows:,} that were looked at" if curve.rows < len(facts.data) else ""
    return (
        f"Pick about {int(size):,} rows{of}: from there on a further one adds less than a fifth of "
        "what the first ones add."
    )


def _rounded(count: int) -> int:
    """A count to `DIGITS` digits, downwards."""
    step = 10 ** max(0, len(str(count)) - DIGITS)
    return count // step * step
