"""Linear layers with 8-bit weights as products of plain numbers, forward and on the way back.

This module imports torch; it is imported only for models with such layers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch


def run_as_numbers(module: Any) -> None:
    """Make a Linear8bitLt multiply its inputs, as they are, by its dequantised weights."""
    module.forward = partial(_forward, module)


def dequantised(codes: torch.Tensor, scales: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Weights (out, in) from int8 codes of rows whose largest number has the code 127."""
    return (codes.float() * (scales.float() / 127.0)[:, None]).to(dtype)


def _forward(module: Any, x: torch.Tensor) -> torch.Tensor:
    scales = module.weight.SCB
    if scales is None:  # moved there by a pass of its own
        scales = module.state.SCB
    bias = None if module.bias is None else module.bias.to(x.dtype)
    return _Product.apply(x, module.weight.data, scales, bias)  # pyright: ignore[reportReturnType]


class _Product(torch.autograd.Function):
    """x W^T + b that keeps codes and not W, which would be the whole model's numbers."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        codes: torch.Tensor,
        scales: torch.Tensor,
        bias: torch.Tensor | None,
    ) -> torch.Tensor:
        """One layer's weights exist meanwhile."""
        ctx.save_for_backward(codes, scales)
        return torch.nn.functional.linear(x, dequantised(codes, scales, x.dtype), bias)

    @staticmethod
    def backward(ctx: Any, *deltas: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Of the inputs only: all else is frozen."""
        codes, scales = ctx.saved_tensors
        (delta,) = deltas
        return delta @ dequantised(codes, scales, delta.dtype), None, None, None
