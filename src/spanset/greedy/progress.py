"""How far a selection has come."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """State after a block: picks made and wanted, gain of the last pick, share of the work done.

    `where`: in which part of the work, where it has several.
    """

    picked: int
    wanted: int
    gain: float
    work_done: float
    where: str = ""

    @property
    def line(self) -> str:
        """For a progress bar."""
        where = f"{self.where}: " if self.where else ""
        return f"{where}{self.picked:,} of {self.wanted:,} picks, gain {self.gain:.3g}"
