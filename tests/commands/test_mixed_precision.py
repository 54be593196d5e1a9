"""A selection whose factor is in float32: the same picks, told in the manifest and the plan."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy import mixed


@pytest.fixture
def points(tmp_path, monkeypatch):
    """Rows and features of their own."""
    monkeypatch.chdir(tmp_path)
    spanset.read(make_rows(600)).write("d.jsonl")
    X = unit_rows(np.random.default_rng(0).normal(size=(600, 32)), np.float32)
    np.save("x.npy", X)
    return X


def chosen(name, *more):
    command = ["select", "d.jsonl", "-k", "120", "--features", "array:x.npy", "--no-report"]
    assert main([*command, "--run", name, *more]) == 0
    manifest = json.loads(Path(name, "manifest.json").read_text(encoding="utf-8"))
    return spanset.read(f"{name}/subset.jsonl").digests.tolist(), manifest


def test_large_selections_are_mixed_and_pick_what_float64_picks(points, monkeypatch):
    expected, whole = chosen("whole")
    assert whole["settled"] is None
    monkeypatch.setattr(mixed, "WORTH", 1)
    found, manifest = chosen("mixed")
    assert found == expected
    assert manifest["settled"] >= 0
    assert manifest["ties"] == whole["ties"]
    assert chosen("single", "--dtype", "float32")[1]["settled"] is None
    assert main(["verify", "mixed"]) == 0


def test_what_float32_cannot_do_is_noted_and_done_in_float64(points, monkeypatch, capsys):
    expected, _ = chosen("whole", "--gamma", "5000")
    assert "float64 throughout" not in capsys.readouterr().err
    monkeypatch.setattr(mixed, "WORTH", 1)
    found, manifest = chosen("steep", "--gamma", "5000")
    assert found == expected
    assert manifest["settled"] is None
    assert "too steep for float32: selecting in float64 throughout" in capsys.readouterr().err


def test_the_plan_counts_the_memory_of_a_mixed_selection(points, monkeypatch, capsys):
    def planned(*more):
        command = ["select", "d.jsonl", "-k", "300", "--features", "array:x.npy", "--dry-run"]
        assert main([*command, "--json", *more]) == 0
        return json.loads(capsys.readouterr().out)

    whole = planned()
    monkeypatch.setattr(mixed, "WORTH", 1)
    monkeypatch.setattr("spanset.greedy.footprint.HELD", 0)
    assert planned()["memory_bytes"] < whole["memory_bytes"]
