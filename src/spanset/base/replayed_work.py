"""Work of many small steps on a device, launched as one.

A card waits for each launch that the host takes longer for than the card for the work. A CUDA graph
is launched whole. This module imports torch; it is imported only when a device is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from spanset.base.extras import require

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")


class ReplayedWork:
    """The same operations on the same tensors, again and again.

    On a card they are recorded the second time: the first time libraries load what they need, which
    cannot be recorded. On a processor they are just done, and where recording fails, which a
    warning tells.

    Parameters
    ----------
    work : callable
        Queues the operations. What it reads and leaves is in tensors that stay where they are; it
        waits for nothing, and its shapes depend on no values.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        self._work, self._device = work, device
        self._is_recorded = device.type == "cuda"  # from the second time on
        self._was_done = False
        self._graph: Any = None

    def __call__(self) -> None:
        """Queue it."""
        if self._graph is None and self._was_done and self._is_recorded:
            try:
                self._graph = _recorded(self._work, self._device)
            except RuntimeError as error:  # a card that is all but full, for one
                self._is_recorded = False
                warnings.warn(f"a CUDA graph cannot be recorded: {error}", stacklevel=2)
        if self._graph is not None:
            self._graph.replay()
        else:
            self._work()
        self._was_done = True


def _recorded(work: Callable[[], None], device: torch.device) -> Any:
    """The operations as a graph; none of them is done yet."""
    torch.cuda.synchronize(device)
    torch.cuda.empty_cache()  # a graph's memory is its own: it takes none of what lies there unused
    if device not in _streams:
        _streams[device] = torch.cuda.Stream(device)
    graph, stream = torch.cuda.CUDAGraph(), _streams[device]
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        graph.capture_begin(capture_error_mode="thread_local")
        try:
            work()
        except BaseException:
            with suppress(RuntimeError):
                graph.capture_end()
            raise
        graph.capture_end()
    torch.cuda.current_stream(device).wait_stream(stream)
    return graph


# That graphs are recorded on, one a device: libraries take memory for each stream, and keep it.
_streams: dict[Any, Any] = {}
