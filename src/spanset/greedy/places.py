"""Where a factor is made: on the processor or a device, in memory or in a file.

Symbols: see rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spanset.config.amounts import size_of
from spanset.greedy.arrays import HostFactor
from spanset.greedy.factor import HeldFactor
from spanset.greedy.factor_rows import RowsInFile
from spanset.greedy.footprint import Footprint
from spanset.greedy.mixed import MixedFactor

HeldMaker = Callable[..., HeldFactor]  # called as `HostFactor` is, less its workers


@dataclass(frozen=True)
class Places:
    """What makes factors of one selection.

    Attributes
    ----------
    device : str
        ``cpu``, or a device of torch.
    workers : int
        Threads on ``cpu``, at least one.
    candidates : int
        Most rows whose coordinates are asked for at once, on a device.
    scratch : Path or None
        Folder for a factor that memory does not hold, on ``cpu``.
    sharers : int
        Factors of this selection that share this machine's memory and disk.
    on_note : callable
        Told where the factor is in a file.
    """

    device: str
    workers: int
    candidates: int
    scratch: Path | None = None
    sharers: int = 1
    on_note: Callable[[str], None] = lambda _: None

    def in_full(self, footprint: Footprint | None = None) -> HeldMaker:
        """Of factors in the features' dtype; with what they take, where memory may not hold it."""
        if self.device != "cpu":
            # Imported here, since it imports torch.
            from spanset.greedy.torch_arrays import DeviceFactor

            return partial(DeviceFactor, device=self.device, candidates=self.candidates)
        return self._kept(partial(HostFactor, workers=self.workers), footprint)

    def mixed(self, footprint: Footprint | None = None) -> HeldMaker:
        """Of factors in float32 that decide in float64."""
        return self._kept(partial(MixedFactor, workers=self.workers), footprint)

    def _kept(self, make: HeldMaker, footprint: Footprint | None) -> HeldMaker:
        """With factor and features in memory, or without where it does not hold them.

        Raises
        ------
        SpansetError
            Neither memory nor the disk holds it.
        """
        if footprint is None:
            return make
        way = footprint.way(self.scratch, sharers=self.sharers)
        make = partial(make, holds_features=way.holds_features)
        if not way.disk or self.scratch is None:
            return make
        where = f"in a file of {size_of(way.disk)} in {self.scratch}"
        self.on_note(f"the factor is larger than memory: {where}")
        return partial(make, make_rows=partial(RowsInFile, self.scratch))
