"""What a device does in a part of the work: kernels, what the host launches and waits for, gaps.

On a processor, where nothing is launched, operations of torch stand for launches: they are what a
card would be given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd.profiler_util import DeviceType  # pyright: ignore[reportPrivateImportUsage]
from torch.profiler import ProfilerActivity, profile

ROWS = 25  # of the table of kernels
GAPS = 15  # longest pauses of the card that are told
# Calls of the runtime that wait for the card, and those that give it something to do.
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize", "cudaMemcpy")
LAUNCHES = ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cudaGraphLaunch")
HOST_WAITS = ("aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select")


def profiled(way: Callable[[], Any], device: str) -> tuple[dict[str, Any], str]:
    """Counts and gaps of one call, and a text with the table of kernels."""
    is_card = device.startswith("cuda")
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * is_card
    with profile(activities=activities) as found:
        way()
        if is_card:
            torch.cuda.synchronize(device)
    averages = found.key_averages()
    calls = Counter({one.key: one.count for one in averages})
    launches, waits = (LAUNCHES, WAITS) if is_card else ((), HOST_WAITS)
    given = sum(calls[name] for name in launches)
    if not is_card:
        given = sum(count for name, count in calls.items() if name.startswith("aten::"))
    gaps = _gaps(found) if is_card else {}
    order = "self_device_time_total" if is_card else "self_cpu_time_total"
    table = averages.table(sort_by=order, row_limit=ROWS, max_name_column_width=60)
    record = {
        "launches": given,
        "waits": {name: calls[name] for name in waits if calls[name]},
        "kernels": _largest(averages, is_card=is_card),
        **gaps,
    }
    return record, table + "\n" + _told(gaps)


def _largest(averages: Any, *, is_card: bool) -> list[dict[str, Any]]:
    """Kernels, or operations, that take longest: name, calls, milliseconds."""
    key = "self_device_time_total" if is_card else "self_cpu_time_total"
    ordered = sorted(averages, key=lambda one: getattr(one, key), reverse=True)[:ROWS]
    return [
        {"name": one.key[:120], "calls": one.count, "milliseconds": getattr(one, key) / 1e3}
        for one in ordered
    ]


def _gaps(found: Any) -> dict[str, Any]:
    """How long the card worked and paused, and its longest pauses with what stands around."""
    spans = sorted(
        (event.time_range.start, event.time_range.end, event.name)
        for event in found.events()
        if event.device_type == DeviceType.CUDA
    )
    if not spans:
        return {}
    pauses, busy, until, before = [], 0.0, spans[0][0], "start"
    for start, end, name in spans:
        if start > until:
            pauses.append((start - until, before, name))
        busy += max(0.0, end - max(start, until))
        if end > until:
            until, before = end, name
    pauses.sort(reverse=True)
    return {
        "busy_milliseconds": busy / 1e3,
        "span_milliseconds": (until - spans[0][0]) / 1e3,
        "longest_gaps": [
            {"milliseconds": length / 1e3, "after": after[:80], "before": name[:80]}
            for length, after, name in pauses[:GAPS]
        ],
    }


def _told(gaps: dict[str, Any]) -> str:
    if not gaps:
        return ""
    lines = [
        f"the card worked {gaps['busy_milliseconds']:.1f} of {gaps['span_milliseconds']:.1f} ms; "
        "longest pauses:"
    ]
    lines += [
        f"  {one['milliseconds']:8.3f} ms after {one['after']}, before {one['before']}"
        for one in gaps["longest_gaps"]
    ]
    return "\n".join(lines) + "\n"
