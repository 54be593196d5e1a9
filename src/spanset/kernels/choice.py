"""Kernels by their names."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from spanset.base.errors import UsageError
from spanset.kernels.arc_cosine import ArcCosine0, ArcCosine1
from spanset.kernels.inner import Cosine, Linear
from spanset.kernels.kernel import Kernel
from spanset.kernels.rbf import GAMMA, RBF

KERNELS = ("rbf", "cosine", "linear", "arccos0", "arccos1")


_WITHOUT_GAMMA = {
    "cosine": Cosine,
    "linear": Linear,
    "arccos0": ArcCosine0,
    "arccos1": ArcCosine1,
}


def make_kernel(name: str, gamma: float | None = None, *, unit: bool = True) -> Kernel:
    """Kernel by its command-line name.

    Parameters
    ----------
    gamma : float, optional
        Of rbf, 0.25 by default; the others have none.
    unit : bool
        Whether rows have length one.

    Raises
    ------
    UsageError
        No such kernel, a gamma that is not positive, or one for a kernel that has none.
    """
    if name not in KERNELS:
        raise UsageError(f"no kernel {name!r}", where="--kernel", fix=f"use {', '.join(KERNELS)}")
    if name == "rbf":
        return RBF(GAMMA if gamma is None else gamma, unit=unit)
    if gamma is not None:
        raise UsageError(
            f"the kernel {name} has no gamma",
            where="--gamma",
            fix="leave it out, or use --kernel rbf",
        )
    return _WITHOUT_GAMMA[name](unit=unit)


def kernel_settings(kernel: Kernel) -> dict[str, Any]:
    """Name and parameters, for manifests."""
    values = asdict(kernel)  # pyright: ignore[reportArgumentType] (each is a frozen dataclass)
    del values["unit"]  # how it is computed, not what
    return {"name": values.pop("name"), **values}
