"""Arrays to a torch device and back, without waiting for what is queued there.

This module imports torch; it is imported only where a model runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from spanset.base.extras import require

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")


def sent(array: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """An array on a device; what is queued after this finds it there."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":  # from memory that may be paged out, the copy would wait
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


class Landing:
    """Tensors on their way to the host: the device goes on with what is queued meanwhile.

    Parameters
    ----------
    tensors : tensor or None
        On any devices, in any number; None stays None.
    """

    def __init__(self, *tensors: torch.Tensor | None) -> None:
        self._here = [None if one is None else _begun(one) for one in tensors]
        self._events: list[Any] = []
        for device in {one.device for one in tensors if one is not None and one.is_cuda}:
            event = torch.cuda.Event()
            event.record(torch.cuda.current_stream(device))
            self._events.append(event)

    @property
    def is_under_way(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self._events)

    def arrays(self) -> list[npt.NDArray[Any] | None]:
        """All of them, as soon as they are here."""
        for event in self._events:
            event.synchronize()
        return [None if one is None else one.numpy() for one in self._here]


def _begun(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor's place on the host, with the copy queued."""
    if not tensor.is_cuda:
        return tensor.cpu()
    place = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return place.copy_(tensor, non_blocking=True)
