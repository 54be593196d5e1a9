"""The cache of feature stores: what it lists, and that clearing it removes nothing else."""

import os
import subprocess

import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from tests.conftest import make_rows
from tests.features.model_folder import SMALL, save_model, talk_rows

import spanset
from spanset.cli import main
from spanset.config import ModelConfig
from spanset.features.cache import cache_folder, cached_stores, clear_cache

CONFIG = ModelConfig(rank=4, dimension=32)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def test_an_empty_cache_is_no_error(cache, capsys):
    assert cached_stores() == []
    assert main(["cache"]) == 0
    assert "nothing is cached" in capsys.readouterr().out
    assert main(["cache", "--clear"]) == 0
    assert not cache.exists(), "looking at the cache must not make it"


def test_the_cache_lists_what_selections_left_and_clears_only_that(cache, tmp_path, capsys):
    save_model(tmp_path / "m")
    data = spanset.read(talk_rows(12))
    X = spanset.represent(data, f"gradient:{tmp_path / 'm'}", model=CONFIG)
    (store,) = cached_stores()
    assert (store.rows, store.is_complete) == (12, True)
    assert store.path.parent.parent == cache_folder()
    assert store.bytes > 12 * 32 * 2
    assert main(["cache"]) == 0
    out = capsys.readouterr().out
    assert "complete" in out
    assert store.path.name[:8] in out

    beside = cache / "spanset" / "kept.txt"
    beside.write_text("not a store")
    assert clear_cache() == store.bytes
    assert cached_stores() == []
    assert beside.exists()
    again = spanset.represent(data, f"gradient:{tmp_path / 'm'}", model=CONFIG)
    assert (again == X).all(), "a cleared cache changes no result"


def test_a_damaged_or_unfinished_store_is_listed_too(cache):
    folder = cache_folder() / "abc"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    (store,) = cached_stores()
    assert not store.is_complete
    assert clear_cache() >= 0
    assert not folder.exists()


def test_a_store_is_no_run_folder_and_is_never_replaced(cache, tmp_path, capsys):
    save_model(tmp_path / "m")
    spanset.read(talk_rows(12)).write("d.jsonl")
    assert main(["features", "d.jsonl", "--model", "m", "--out", "s", *SMALL]) == 0
    before = sorted(path.name for path in (tmp_path / "s").iterdir())
    words = ["select", "d.jsonl", "--features", "store:s", "-k", "3", "--run", "s", "--force"]
    assert main(words) == 2
    assert "s" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == before


# A cache that cannot be written


@pytest.fixture
def dead(tmp_path, monkeypatch):
    """A file where the cache's folder should be."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.chdir(tmp_path)
    spanset.read(talk_rows(12)).write("d.jsonl")


def test_words_are_hashed_without_a_cache_and_it_is_said(dead, tmp_path, capsys, monkeypatch):
    assert main(["select", "d.jsonl", "-k", "3", "--run", "dead"]) == 0
    err = capsys.readouterr().err
    assert "features are not kept" in err
    assert "Not a directory" in err
    assert main(["measure", "d.jsonl"]) == 0
    assert main(["select", "d.jsonl", "-k", "3", "--run", "r", "--dry-run"]) == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["select", "d.jsonl", "-k", "3", "--run", "alive"]) == 0
    same = [(tmp_path / run / "selection.parquet").read_bytes() for run in ("dead", "alive")]
    assert same[0] == same[1], "the cache changes no result"
    capsys.readouterr()


def test_features_of_a_model_stop_with_a_place_to_keep_them(dead, tmp_path, capsys):
    save_model(tmp_path / "m")
    assert main(["select", "d.jsonl", "--model", "m", "-k", "3", "--run", "r", *SMALL]) == 1
    err = capsys.readouterr().err
    assert "features cannot be kept in the cache" in err
    assert "XDG_CACHE_HOME" in err
    assert not (tmp_path / "r").exists()
    words = ["features", "d.jsonl", "--model", "m", "--out", "s", *SMALL]
    assert main(words) == 0, "a store of one's own needs no cache"
    assert main(["select", "d.jsonl", "--features", "store:s", "-k", "3", "--run", "r"]) == 0
    capsys.readouterr()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_costs_lexical_features_nothing_but_the_cache(tmp_path, monkeypatch, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
        monkeypatch.chdir(tmp_path)
        spanset.read(make_rows(200)).write("d.jsonl")
        assert main(["select", "d.jsonl", "-k", "3", "--run", "full"]) == 0
        assert "features are not kept" in capsys.readouterr().err
        assert not list(disk.rglob("*.npy")), "half a store is left"
    finally:
        subprocess.run(["umount", str(disk)], check=True)
