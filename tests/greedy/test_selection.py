"""What a selection says of itself in a prompt, and as a table."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.cli import main
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


def test_as_a_table_it_holds_what_the_run_folder_does(tmp_path, monkeypatch):
    rows = make_rows(60)
    write_lines(tmp_path / "a.jsonl", rows[:40])
    write_lines(tmp_path / "b.jsonl", [*rows[40:], {"instruction": "x", "output": ""}])
    monkeypatch.chdir(tmp_path)
    assert main(["select", "a.jsonl", "b.jsonl", "-k", "20", "--no-report"]) == 0
    kept = pq.read_table("spanset-run/selection.parquet")
    data = spanset.read(["a.jsonl", "b.jsonl"])
    pick = spanset.select(data, 20)
    table = pick.to_arrow(data)
    shared = [name for name in kept.column_names if name != "tokens"]
    assert table.column_names == ["rank", "position", *shared[1:]]
    assert table.select(shared).equals(kept.select(shared))
    assert table["position"].to_pylist() == pick.order.tolist()


def test_without_the_data_a_table_has_positions_alone():
    table = selection([1.0, 0.5]).to_arrow()
    assert table.column_names == ["rank", "position", "gain", "score"]
    assert table.to_pydict()["rank"] == [1, 2]
    assert len(selection([]).to_arrow()) == 0


def test_other_data_than_were_chosen_from_are_refused_where_it_shows():
    with pytest.raises(spanset.UsageError, match="there is no row 4 among 3"):
        selection([1.0] * 5).to_arrow(spanset.read(make_rows(3)))
    assert len(selection([]).to_arrow(spanset.read(make_rows(3)))) == 0


def test_a_frame_is_the_table():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    data = spanset.read(make_rows(9))
    pick = spanset.select(data, 4)
    frame = pick.to_pandas(data)
    assert isinstance(frame, pandas.DataFrame)
    assert frame["gain"].tolist() == pick.gains.tolist()
