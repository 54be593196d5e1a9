"""Data at the edge that can be measured are measured, without a warning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.commands.measure.measured import ALL, LDD, X, measured, values
from tests.conftest import make_rows, write_lines


@pytest.mark.filterwarnings("error")
def test_one_row_is_measured_without_a_warning(spanset):
    write_lines(Path("one.jsonl"), make_rows(1))
    np.save("one.npy", X[:1])
    for name in ("one.jsonl", "one.npy"):
        record = measured(spanset, name, *ALL)
        assert (record["pool"], record["n"]) == (1, 1)
        found = values(record)
        assert (found["ldd"], found["equivalent-size"], found["vendi"]) == (0, 1, 1)
        assert found["knn"] is None
        assert found["mean-distance"] is None
        shown = spanset.run("measure", name, *LDD, "--metrics", "vendi,knn")
        assert (shown.code, shown.err) == (0, "")
        assert "knn" not in shown.out.replace("knn:", ""), (
            "a measure that is not defined is left out"
        )


@pytest.mark.filterwarnings("error")
def test_a_row_beside_others_shows_a_dash_for_what_it_lacks(spanset):
    np.save("one.npy", X[:1])
    record = measured(spanset, "one.npy", "x.npy", *ALL)
    assert (record["pool"], record["n"]) == (1, 1)
    assert values(record, 0)["coverage"] is not None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["rows", "features"])
def test_equal_rows_are_told_to_repeat_each_other(spanset, kind):
    if kind == "rows":
        write_lines(Path("same.jsonl"), make_rows(1) * 25)
    else:
        np.save("same.npy", np.repeat(X[:1], 25, axis=0))
    name = {"rows": "same.jsonl", "features": "same.npy"}[kind]
    record = measured(spanset, name, *ALL)
    found = values(record)
    assert found["floor-share"] == pytest.approx(19 / 20)
    assert found["equivalent-size"] == 1
    assert found["near-duplicates"] == 1
    assert found["vendi"] == pytest.approx(1, abs=1e-4)
    assert found["ldd"] > 5
    text = " ".join(record["verdict"])
    assert "spans what 1 uniform points do" in text
    assert "100 % of its rows nearly repeat another" in text
    assert "; room to select" not in text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rank", ["dimension", "copies"])
def test_a_rank_that_ends_before_n_is_no_error(spanset, rank):
    rng = np.random.default_rng(3)
    low = rng.normal(size=(60, 2)) if rank == "dimension" else np.repeat(X[:10], 6, axis=0)
    np.save("low.npy", low)
    record = measured(spanset, "low.npy", *ALL)
    found = values(record)
    assert record["n"] == 48
    assert found["floor-share"] > 0.5
    assert found["equivalent-size"] <= 48
    assert np.isfinite(found["ldd"])


@pytest.mark.filterwarnings("error")
def test_one_column_is_measured(spanset):
    """Rows are then 1 or -1: two points, and the reference has no more."""
    np.save("line.npy", np.random.default_rng(0).normal(size=(20, 1)))
    found = values(measured(spanset, "line.npy", "--draws", "1"))
    assert np.isfinite(found["ldd"])
    assert found["equivalent-size"] <= 2


@pytest.mark.parametrize("dtype", [np.float16, np.int8, ">f8", np.uint64])
def test_numbers_of_every_kind_are_features(spanset, dtype):
    np.save("kind.npy", (10 * np.abs(X) + 1).astype(dtype))
    assert np.isfinite(values(measured(spanset, "kind.npy", *LDD))["ldd"])
