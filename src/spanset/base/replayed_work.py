"""Work of many small steps on a device, launched as one.

A card waits for each launch that the host takes longer for than the card for the work. A CUDA graph
is launched whole. This module imports torch; it is imported only when a device is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spanset.base.extras import require

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")


class ReplayedWork:
    """The same operations on the same tensors, again and again.

    On a card they are recorded the second time: the first time libraries load what they need, which
    cannot be recorded. On a processor they are just done.

    Parameters
    ----------
    work : callable
        Queues the operations. What it reads and leaves is in tensors that stay where they are; it
        waits for nothing, and its shapes depend on no values.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        self._work, self._device = work, device
        self._was_done = False
        self._graph: Any = None

    def __call__(self) -> None:
        """Queue it."""
        if self._graph is None and self._was_done and self._device.type == "cuda":
            self._graph = self._recorded()
        if self._graph is not None:
            self._graph.replay()
        else:
            self._work()
        self._was_done = True

    def _recorded(self) -> Any:
        """The operations as a graph; none of them is done yet."""
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._work()
            finally:
                graph.capture_end()
        torch.cuda.current_stream(self._device).wait_stream(stream)
        return graph
