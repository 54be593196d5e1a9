"""Several measurements together: still a dict and a list, and tables."""

from __future__ import annotations

import pytest
from tests.report.plots.drawn_sets import make_sets

from spanset.diversity.measured_sets import MeasuredSets, Measurements


def test_they_are_what_they_were():
    sets = make_sets(["a", "b"], ["ldd", "vendi"])
    assert MeasuredSets(sets) == sets
    assert Measurements(sets[0].measurements) == sets[0].measurements


def test_a_table_has_a_line_a_measurement_with_its_set():
    sets = make_sets(["a", "b\udcff"], ["ldd", "vendi"])
    table = MeasuredSets(sets).to_arrow().to_pydict()
    assert table["set"] == ["a", "a", "b\\udcff", "b\\udcff"]  # no UTF-8: as in a run folder
    assert table["metric"] == ["ldd", "vendi"] * 2
    assert table["value"] == [one.measurements[m].value for one in sets for m in ("ldd", "vendi")]
    assert table["better"] == ["lower", "higher"] * 2
    one = Measurements(sets[0].measurements).to_arrow().to_pydict()
    assert "set" not in one
    assert one["value"] == table["value"][:2]


def test_a_frame_is_the_table():
    pytest.importorskip("pandas", reason="pandas is not installed")
    sets = MeasuredSets(make_sets(["a"], ["ldd", "vendi"]))
    assert sets.to_pandas()["unit"].tolist() == ["nats per row", "effective rows"]
