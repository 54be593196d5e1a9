"""What a measurement says of itself in a prompt, and as a table."""

from __future__ import annotations

import numpy as np

from spanset.diversity.measurement import Curve, Measurement


def test_it_takes_one_line():
    one = Measurement("ldd", "nats per row", "lower", np.array([0.5, 0.7]), 0.0, 100, 50)
    assert repr(one) == "<ldd 0.6 ± 0.14 nats per row, lower is more diverse>"
    one = Measurement("vendi", "rows", "higher", np.array([12.0]), 0.0, 100)
    assert repr(one) == "<vendi 12 rows, higher is more diverse>"


def test_as_a_table_it_is_its_curve():
    n, mean, deviation = np.array([1, 5]), np.array([0.0, 0.6]), np.array([0.0, 0.1])
    draws, curve = np.array([0.5, 0.7]), Curve(n, mean, deviation)
    one = Measurement("ldd", "nats per row", "lower", draws, 0.0, 100, 5, curve)
    table = one.to_arrow().to_pydict()
    assert table == {"n": [1, 5], "mean": [0.0, 0.6], "deviation": [0.0, 0.1]}


def test_without_a_curve_the_table_is_one_line():
    one = Measurement("vendi", "rows", "higher", np.array([11.0, 13.0]), 0.0, 100)
    assert one.to_arrow().to_pydict() == {"n": [100], "mean": [12.0], "deviation": [2**0.5]}
