"""All that a card is for, in one command and five minutes: greedy, gradients, features; profiles.

``python -m benches run device`` on a machine with a CUDA card, with ``--quick --device cpu`` on any
other, to try it. Each part stands beside its baseline in the same run, and is left out, and said to
be, when the time that is left is less than it took on an H100, or the memory that is free does not
hold it. Numbers go to benches/results/device.json; tables of kernels and the card's longest pauses
to device.txt beside it. Nothing is downloaded and only torch, transformers and what spanset needs
are imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

ALLOWED = 300.0  # seconds in all

Part = Callable[[], tuple[dict[str, Any], str]]


@dataclass
class _Session:
    """Parts measured so far, and the time that is left."""

    allowed: float
    started: float = field(default_factory=perf_counter)
    found: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.allowed - (perf_counter() - self.started)

    def run(self, name: str, seconds: float, part: Part) -> None:
        """Measure a part that takes about so many seconds; an error in it ends no other."""
        if self.left < seconds:
            self.found[name] = {"left_out": f"{seconds:.0f} s needed, {self.left:.0f} s left"}
            print(f"{name}: left out, {self.found[name]['left_out']}", flush=True)
            return
        started = perf_counter()
        try:
            found, text = part()
        except Exception as error:
            found, text = {"failed": f"{type(error).__name__}: {error}"}, ""
            print(f"{name}: failed, {found['failed']}", flush=True)
        self.found[name] = {**found, "seconds_in_all": perf_counter() - started}
        self.texts.append(f"{name}\n{'=' * len(name)}\n{text}\n")


def run(data: Path, *, quick: bool = False, device: str = "cuda") -> dict[str, Any]:
    """Measure every part, the quickest to tell something first."""
    from benches.__main__ import RESULTS
    from benches.device import gradients, greedy
    from benches.device.features import measure_features
    from spanset.base.devices import free_bytes

    place = greedy.place_of(device, quick=quick)
    session = _Session(ALLOWED)
    found: dict[str, Any] = {"device": greedy.described(place), "free_gib": _gib(free_bytes(place))}
    for dtype, seconds in (("float64", 45.0), ("float32", 40.0)):
        session.run(f"greedy {dtype}", seconds, greedy.part(place, device, dtype, quick=quick))
    session.run("gradients 7B", 60.0, gradients.part(place, quick=quick))
    rows = 60 if quick else 26_000
    session.run(
        "features 135M",
        60.0,
        lambda: measure_features(data, device, rows=rows, quick=quick),
    )
    session.run("select", 20.0, greedy.selection_part(device, quick=quick))
    text = "\n".join(session.texts)
    if quick:
        print(text)
    else:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "device.txt").write_text(text, encoding="utf-8")
    return {**found, **session.found, "seconds": perf_counter() - session.started}


def _gib(count: float) -> float | None:
    return None if count == float("inf") else round(count / 2**30, 1)
