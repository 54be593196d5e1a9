"""Arrays to a torch device and back, without waiting for what is queued there.

This module imports torch; it is imported only where a model runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
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


class Stages:
    """Two places on the host that rows leave for a device from: one is filled while the other goes.

    Memory that a card reads by itself has to be taken once, and not for every piece.

    Parameters
    ----------
    rows, columns : int
        Of a piece, at most.
    dtype : dtype
        Of the rows.
    """

    def __init__(self, rows: int, columns: int, dtype: npt.DTypeLike, device: torch.device) -> None:
        self._device, self._is_card, self._next = device, device.type == "cuda", 0
        self._places = [
            torch.empty(
                (rows, columns),
                dtype=torch.from_numpy(np.empty(0, dtype)).dtype,
                pin_memory=self._is_card,
            )
            for _ in range(2)
        ]
        self._gone: list[Any] = [None, None]

    def sent(self, rows: npt.NDArray[Any]) -> torch.Tensor:
        """A piece (b, columns) on the device; however it lies in memory."""
        number, self._next = self._next, 1 - self._next
        if self._gone[number] is not None:
            self._gone[number].synchronize()
        place = self._places[number][: len(rows)]
        np.copyto(place.numpy(), rows)
        if not self._is_card:
            return place.clone()
        there = place.to(self._device, non_blocking=True)
        self._gone[number] = torch.cuda.Event()
        self._gone[number].record(torch.cuda.current_stream(self._device))
        return there


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
