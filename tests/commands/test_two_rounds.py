"""`--rounds 2`: what is chosen, told, verified and explained."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import make_rows

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy.partitioned import two_rounds
from spanset.kernels.rbf import RBF

COMMAND = ["select", "d.jsonl", "-k", "20", "--features", "array:x.npy", "--rounds", "2"]


@pytest.fixture
def X(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spanset.read(make_rows(600)).write("d.jsonl")
    X = unit_rows(np.random.default_rng(0).normal(size=(600, 8)), np.float32)
    np.save("x.npy", X)
    return X


def picked(run):
    return pq.read_table(f"{run}/selection.parquet")["row"].to_pylist()


def test_the_command_the_verb_and_the_engine_pick_the_same(X):
    assert main([*COMMAND, "--run", "r", "--no-report"]) == 0
    expected = two_rounds(unit_rows(X, float), 20, RBF()).order.tolist()
    assert picked("r") == expected
    assert spanset.select(X, 20, rounds=2).order.tolist() == expected
    assert spanset.select(X, 20).order.tolist() != expected
    assert main([*COMMAND, "--run", "s", "--no-report", "--parts", "3", "--seed", "5"]) == 0
    expected = two_rounds(unit_rows(X, float), 20, RBF(), parts=3, seed=5).order.tolist()
    assert picked("s") == expected
    assert spanset.select(X, 20, rounds=2, parts=3, seed=5).order.tolist() == expected


def test_the_run_is_told_verified_and_explained(X, capsys):
    assert main([*COMMAND, "--run", "r"]) == 0
    assert "\nrounds = 2\n" in Path("r/config.toml").read_text(encoding="utf-8")
    assert main(["verify", "r"]) == 0
    capsys.readouterr()
    left = next(row for row in range(600) if row not in picked("r"))
    assert main(["why", "r", str(left), str(picked("r")[3])]) == 0
    assert "in two rounds" in capsys.readouterr().out
    assert main(["select", "--config", "r/config.toml", "--run", "again"]) == 0
    assert picked("again") == picked("r")


def test_the_plan_is_of_two_rounds(X, capsys):
    def plan(*more):
        assert main([*COMMAND[:-2], *more, "--dry-run", "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    exact, parted = plan(), plan("--rounds", "2")
    # A factor of 38 rows and 5 picks, or of 80 rows and 20, beside the features as they are kept.
    kept = 4 * 600 * 8
    assert exact["memory_bytes"] == kept + 600 * (128 + 8 * (20 + 8))
    assert parted["memory_bytes"] == kept + 80 * (128 + 8 * (20 + 8))
