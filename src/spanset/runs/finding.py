"""The first thing that is not as a run left it: what, where, and what the likely cause is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from spanset.base.errors import MissingExtraError, OutputError, SpansetError


@dataclass(frozen=True)
class PickedRow:
    """A row that was picked; its gain and score are None where the method has none."""

    row: int
    source: str
    line: int
    gain: float | None
    score: float | None


@dataclass(frozen=True)
class OtherPick:
    """The first rank with another row.

    Attributes
    ----------
    rank : int
        From 1.
    then, now : PickedRow or None
        What was picked; None where there were fewer picks.
    near_tie : bool or None
        Whether rounding may have decided between the two; None where there are no scores.
    smallest_margin : float or None
        Smallest distance of a winner's score from the runner-up's in all of the run.
    """

    rank: int
    then: PickedRow | None
    now: PickedRow | None
    near_tie: bool | None
    smallest_margin: float | None


@dataclass(frozen=True)
class Finding:
    """What differs first.

    Attributes
    ----------
    part : str
        What was being checked: files, inputs, replay, picks, subset, manifest.
    where : str
        The file that it is about.
    what : str
        In one sentence without a full stop.
    causes : tuple of str
        Likely ones, the likeliest first; none where `what` says it.
    pick : OtherPick or None
        Where picks differ.
    fix : str
        What to do, where there is something.
    """

    part: str
    where: str
    what: str
    causes: tuple[str, ...]
    pick: OtherPick | None = None
    fix: str = ""

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "causes": list(self.causes)}


class DifferenceFound(Exception):  # noqa: N818 (what is sought, and no mistake)
    """Raised where a check finds something; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


@contextmanager
def refusals_as_findings(part: str) -> Iterator[None]:
    """Let what is refused in the block be a finding.

    But for what says nothing of the run: a disk that is full, a library that is not installed.
    """
    try:
        yield
    except (OutputError, MissingExtraError):
        raise
    except SpansetError as error:
        causes = (error.why,) if error.why else ()
        finding = Finding(part, error.where, error.what, causes, fix=error.fix)
        raise DifferenceFound(finding) from error
