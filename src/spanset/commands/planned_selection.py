"""A selection that could be run, as numbers and as lines of a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from spanset.config.amounts import duration, size_of
from spanset.stores.keeping import Planned


@dataclass(frozen=True)
class Plan:
    """A selection that could be run.

    Attributes
    ----------
    inputs : list of dict
        Name, format and counts of each input.
    given : int
        Rows that are there already.
    beside : dict
        Other rows beside the data, by their flags: how many.
    method : str
        How rows are chosen.
    picks : list of int
        Sizes; a guess where `found_by` is not empty.
    found_by : str
        How the number of picks is found, where it is.
    features, dimension
        What rows are compared by, and its columns.
    to_make : Planned or None
        What making the features takes; None where they are brought.
    to_score : list of Planned
        What passes of a model for the quality take, beside.
    remarks : list of str
        What was recognised in the rows.
    kernel, quality : str
        In words.
    quality_weight : float
        Lambda.
    output : list of str
        Files.
    seconds : dict
        About, on this machine, by stage; stages that take next to nothing are left out.
    memory_bytes, available_bytes : int or None
        Of the selection, and what there is.
    disk_bytes : dict
        Of the subset, of features that are kept, and of a factor that memory does not hold.
    scratch : str
        Where there is room for that factor, and how much; empty where memory holds it.
    quicker : str
        What two rounds would take, where one takes long.
    cluster : str
        What the workers of a cluster take, where it is asked for.
    """

    inputs: list[dict[str, Any]]
    given: int
    method: str
    picks: list[int]
    features: str
    dimension: int
    to_make: Planned | None
    kernel: str
    quality: str | None
    quality_weight: float
    output: list[str]
    seconds: dict[str, float] = field(default_factory=dict)
    memory_bytes: int | None = None
    available_bytes: int | None = None
    disk_bytes: dict[str, int] = field(default_factory=dict)
    to_score: list[Planned] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    beside: dict[str, int] = field(default_factory=dict)
    found_by: str = ""
    scratch: str = ""
    quicker: str = ""
    cluster: str = ""

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def lines(self) -> dict[str, str]:
        """What a terminal shows."""
        lines = {
            "method": self.method,
            "picks": self.found_by or ", ".join(f"{size:,}" for size in self.picks),
            "features": f"{self.features}, {self.dimension:,} dimensions",
            "kernel": self.kernel,
            "quality": f"{self.quality}, lambda {self.quality_weight:g}"
            if self.quality
            else "none",
            "output": ", ".join(self.output),
        }
        if self.quality is not None:
            lines["quality"] = f"{self.quality}, lambda {self.quality_weight:g}"
        if self.given:
            lines["given"] = f"{self.given:,} rows"
        lines |= {name: f"{count:,} rows" for name, count in self.beside.items() if count}
        if self.to_make is not None:
            lines["to make"] = self.to_make.line
        if self.to_score:
            lines["to score"] = "; and ".join(one.line for one in self.to_score)
        if self.memory_bytes is not None and self.available_bytes is not None:
            needed, there = size_of(self.memory_bytes), size_of(self.available_bytes)
            lines["memory"] = f"{needed} of {there} available, for the selection"
        sizes = {name: size for name, size in self.disk_bytes.items() if size}
        lines["disk"] = ", ".join(f"{name} about {size_of(sizes[name])}" for name in sizes)
        if self.scratch:
            lines["disk"] += f" in {self.scratch}"
        if any(self.seconds.values()):
            parts = (f"{name} {_about(value)}" for name, value in self.seconds.items() if value)
            lines["time"] = ", ".join(parts) + ", on this machine"
        if self.cluster:
            lines["on Ray"] = self.cluster
        if self.quicker:
            lines["in two rounds"] = self.quicker
        return lines


def _about(seconds: float) -> str:
    return "under a second" if seconds < 0.95 else f"about {duration(seconds)}"
