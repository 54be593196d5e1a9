"""What a selection says of itself in a prompt."""

from __future__ import annotations

import numpy as np

from spanset.greedy.selection import Selection, StopReason


def selection(gains):
    k = len(gains)
    return Selection(np.arange(k), np.array(gains), np.zeros(k), StopReason.REACHED_K, 12_345)


def test_it_takes_one_line_whatever_its_size():
    shown = repr(selection(np.linspace(1, 0.125, 5000).tolist()))
    assert shown == "<Selection of 5,000 of 12,345 rows, last gain 0.125: reached k>"


def test_without_gains_none_is_told():
    assert repr(selection([np.nan] * 3)) == "<Selection of 3 of 12,345 rows: reached k>"
    assert repr(selection([])) == "<Selection of 0 of 12,345 rows: reached k>"
