"""Memory is estimated before it is taken."""

import pytest

from spanset.base import memory
from spanset.base.errors import SpansetError


def test_the_estimate_is_factor_plus_features():
    assert memory.greedy_bytes(1000, 100, 50, "float64") == 8 * 1000 * 150
    assert memory.greedy_bytes(1000, 100, 50, "float32") == 4 * 1000 * 150
    assert memory.greedy_bytes(10, 4, 2, "float64", given=3) == 8 * (10 * 7 + 13 * 2) + 16 * 9


def test_what_cannot_fit_is_refused_with_advice(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**30)
    memory.require_memory(2**30, 2**22, 100, "float64")
    with pytest.raises(SpansetError, match=r"4.0 GiB of memory, 1.0 GiB.*\n.*\n.*float32.*-k 22"):
        memory.require_memory(2**32, 2**22, 118, "float64")


def test_a_selection_that_cannot_fit_is_refused_before_it_starts(monkeypatch):
    import numpy as np

    import spanset

    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(SpansetError, match="memory"):
        spanset.select(np.eye(100), k=50)


def test_the_peak_is_at_least_what_was_just_touched():
    before = memory.peak_bytes()
    block = bytearray(64 * 2**20)
    assert memory.peak_bytes() >= max(before, len(block))
