"""A selection whose factor memory does not hold: in a file, told, planned, and refused in words."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.conftest import make_rows

import spanset
from spanset.base import disk_space, memory, scratch_files
from spanset.base.unit_rows import unit_rows
from spanset.cli import main
from spanset.greedy import footprint
from spanset.greedy.factor_rows import RowsInFile

COMMAND = ["select", "d.jsonl", "--features", "array:x.npy", "--no-report"]


@pytest.fixture
def little(tmp_path, monkeypatch):
    """600 rows, and memory for their features but not for the factor; folders that were used."""
    monkeypatch.chdir(tmp_path)
    spanset.read(make_rows(600)).write("d.jsonl")
    np.save("x.npy", unit_rows(np.random.default_rng(0).normal(size=(600, 32)), np.float32))
    main([*COMMAND, "-k", "300", "--run", "whole"])
    folders, grow = [], RowsInFile.grow

    def noted(self, *size):
        folders.append(self._folder)
        grow(self, *size)

    monkeypatch.setattr(RowsInFile, "grow", noted)
    monkeypatch.setattr(footprint, "CHUNK", 1)  # a chunk would be larger than this factor
    monkeypatch.setattr(memory, "available_bytes", lambda: 800_000)  # the factor is 1,440,000
    return folders


def files_of(run):
    return {
        path.name: path.read_bytes()
        for path in Path(run).iterdir()
        if path.name not in ("timings.json", "config.toml", "manifest.json")
    }


def test_the_choice_is_the_same_and_nothing_is_left(little, capsys):
    assert main([*COMMAND, "-k", "300", "--run", "small", "--scratch", "disk"]) == 0
    assert little == [Path("disk")]
    assert "larger than memory" in capsys.readouterr().err
    assert files_of("small") == files_of("whole")
    assert not list(Path("disk").iterdir())
    assert main(["verify", "small"]) == 0


def test_by_default_it_is_in_the_cache_folder(little, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main([*COMMAND, "-k", "300", "--run", "small"]) == 0
    assert [folder.name for folder in little] == ["scratch"]
    assert tmp_path / "cache" in little[0].parents


def test_the_verb_does_it_too(little):
    expected = pq.read_table("whole/selection.parquet")["row"].to_pylist()
    assert spanset.select(np.load("x.npy"), 300, scratch="disk").order.tolist() == expected
    assert little == [Path("disk")]


def test_the_plan_says_what_goes_where(little, capsys):
    assert main([*COMMAND, "-k", "300", "--dry-run", "--scratch", "disk"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "factor about 1.4 MiB in disk (" in shown
    assert main([*COMMAND, "-k", "300", "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["disk_bytes"]["factor"] == 8 * 600 * 300
    assert plan["memory_bytes"] < plan["available_bytes"]
    assert not little


def test_a_disk_without_room_is_told_before_anything_is_made(little, monkeypatch, capsys):
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: SimpleNamespace(free=720_000))
    assert main([*COMMAND, "-k", "300", "--run", "small", "--scratch", "disk"]) == 1
    told = capsys.readouterr().err
    assert "-k 150 fits there" in told
    assert "--scratch DIR" in told
    assert not Path("small").exists()
    assert not Path("disk").exists()


def test_features_that_memory_does_not_hold_are_mapped(little, monkeypatch, capsys):
    """And then made as the kernel sees them when they are asked for."""
    there, made = [], scratch_files.scratch_file

    def noted(folder, *rest):
        there.append(folder)
        return made(folder, *rest)

    monkeypatch.setattr(scratch_files, "scratch_file", noted)
    monkeypatch.setattr(memory, "available_bytes", lambda: 120_000)  # 76,800 as they are kept
    assert main([*COMMAND, "-k", "300", "--dry-run", "--scratch", "disk"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "features as they are compared about 75 KiB" in shown
    assert "in disk (" in shown
    assert main([*COMMAND, "-k", "300", "--run", "small", "--scratch", "disk"]) == 0
    assert there == [Path("disk")]
    assert little == [Path("disk")]
    assert files_of("small") == files_of("whole")


def test_the_plan_tells_a_quicker_way_where_it_takes_long(little, monkeypatch, capsys):
    def shown(*more):
        assert main([*COMMAND, "--dry-run", *(more or ("-k", "300"))]) == 0
        return " ".join(capsys.readouterr().out.split())

    assert "in two rounds" not in shown()
    monkeypatch.setattr("spanset.commands.planned_choice.PATIENT", 0.0)
    monkeypatch.setattr(
        "spanset.greedy.planned_runs.greedy_seconds", lambda n, k, *_, **__: n * k / 100
    )
    # 1,800 s; 16 parts of 38 rows, all of them, and then all.
    assert "in two rounds" not in shown()
    # 180 s; 16 parts of 38 rows with 8 picks, and 30 of 128: 87 s.
    assert "in two rounds about 87 s" in shown("-k", "30")
