"""What a measurement says of itself in a prompt."""

from __future__ import annotations

import numpy as np

from spanset.diversity.measurement import Measurement


def test_it_takes_one_line():
    one = Measurement("ldd", "nats per row", "lower", np.array([0.5, 0.7]), 0.0, 100, 50)
    assert repr(one) == "<ldd 0.6 ± 0.14 nats per row, lower is more diverse>"
    one = Measurement("vendi", "rows", "higher", np.array([12.0]), 0.0, 100)
    assert repr(one) == "<vendi 12 rows, higher is more diverse>"
