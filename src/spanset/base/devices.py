"""Torch devices: which there are, what fits on them, and how exactly they multiply.

This module imports torch; it is imported only when a device is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spanset.base.errors import SpansetError, UsageError
from spanset.base.extras import require

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="models")


def resolve_device(name: str) -> torch.device:
    """The torch device that `name` asks for: ``cuda``, ``cuda:1``, ..., or ``torch:cpu``.

    Raises
    ------
    UsageError
        When there is no such device, naming those that there are.
    """
    if name == "torch:cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    index = int(match[1] or 0) if match else count
    if index < count:
        return torch.device("cuda", index)
    there = ["cpu", *(f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count))]
    why = f"there is {', '.join(there)}"
    if count == 0:
        built = torch.version.cuda or torch.version.hip
        why += "; " + ("torch sees no CUDA GPU" if built else "this torch was built without CUDA")
    raise UsageError(f"no device {name!r}", where="--device", why=why, fix="use one that is there")


def free_bytes(device: torch.device) -> float:
    """Memory that can be taken on a GPU now, torch's own unused share included; else infinity."""
    if device.type != "cuda":
        return math.inf  # the host's memory is checked elsewhere
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused


@contextmanager
def room_for(
    device: torch.device, dtype: str, rows: int, row_bytes: int, besides: int = 0
) -> Iterator[None]:
    """Refuse a factor that cannot fit; while inside, say in our words that the device is full.

    Parameters
    ----------
    rows, row_bytes : int
        Rows of the factor, and bytes that each takes.
    besides : int
        Bytes that do not depend on the rows.

    Raises
    ------
    SpansetError
        With what to change.
    """
    needed, free = rows * row_bytes + besides, free_bytes(device)

    def too_large(there: str) -> SpansetError:
        advice = ["--device cpu"] + ["--dtype float32"] * (dtype == "float64")
        fits = rows - math.ceil((needed - free) / row_bytes) if needed > free else 0
        known = f" (about {fits:,} picks and given rows fit)" if fits > 0 else ""
        return SpansetError(
            f"the selection needs {needed / 2**30:.1f} GiB of memory on {device}, {there}",
            where="--device",
            why=f"the factor holds rows x picks numbers of {dtype}, beside the features",
            fix=f"use {', '.join(advice)} or a smaller -k{known}",
        )

    if needed > free:
        raise too_large(f"{free / 2**30:.1f} GiB are free")
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise too_large("and that is full") from error


@contextmanager
def full_precision() -> Iterator[None]:
    """Float32 products in float32 while inside: no TF32, whose 10 bits would decide the picks.

    Torch has one such setting a process: products of other threads are exact meanwhile too.
    """
    backends: list[Any] = [torch.backends.cuda.matmul]
    # Torch before 2.9 has an older switch, which later ones refuse to read beside the new.
    name, exact = "allow_tf32", False
    if hasattr(backends[0], "fp32_precision"):
        name, exact = "fp32_precision", "ieee"
        mkldnn: Any = torch.backends.mkldnn
        backends.append(mkldnn.matmul)  # the processor's, for torch:cpu
    before = [getattr(backend, name) for backend in backends]
    try:
        for backend in backends:
            setattr(backend, name, exact)
        yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            setattr(backend, name, value)
