"""The cache of feature stores: what it lists, and that clearing it removes nothing else."""

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")

from tests.conftest import make_rows
from tests.models.model_folder import SMALL, save_model, talk_rows
from tests.models.tiny_models import GEMMA

import spanset
from spanset.base.errors import DataError
from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.features.gradient import GradientFeatures
from spanset.models.passes import capture_run
from spanset.models.passes.capture import GradientCapture
from spanset.models.passes.selfcheck import SketchCheck
from spanset.stores import files
from spanset.stores.keeping import planned
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore
from spanset.stores.user_cache import cache_folder, cached_stores, clear_cache

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


def test_features_that_another_process_is_making_are_waited_for(
    cache, tmp_path, monkeypatch, capsys
):
    """As two shards of one trial do, which begin together."""
    save_model(tmp_path / "m")
    spanset.read(talk_rows(12)).write("d.jsonl")
    command = ["select", "d.jsonl", "-k", "4", "--features", f"gradient:{tmp_path / 'm'}"]
    command += ["--rank", "4", "--dimension", "32", "--no-report"]
    assert main([*command, "-o", "a.jsonl"]) == 0
    (found,) = cached_stores()
    store = FeatureStore(found.path)
    status = np.load(found.path / "status.npy")
    status[-3:] = Status.PENDING
    np.save(found.path / "status.npy", status)
    store.update(complete=False)
    waits = []
    with ExitStack() as other:
        other.enter_context(store.writing())

        def end(seconds):
            waits.append(seconds)
            other.close()

        monkeypatch.setattr(files, "sleep", end)
        capsys.readouterr()
        assert main([*command, "-o", "b.jsonl"]) == 0
    assert len(waits) == 1
    assert f"another process makes these features; waiting for {found.path}" in (
        capsys.readouterr().err
    )
    assert Path("a.jsonl").read_bytes() == Path("b.jsonl").read_bytes()
    (found,) = cached_stores()
    assert found.is_complete


def test_a_damaged_or_unfinished_store_is_listed_too(cache):
    folder = cache_folder() / "settings" / "abc"
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


# What a bad entry costs


def test_a_damaged_entry_costs_its_own_rows_and_no_others(cache, tmp_path, capsys):
    cache.parent.mkdir(exist_ok=True)
    spanset.read(rows := make_rows(30)).write("a.jsonl")
    spanset.read(make_rows(50, seed=1)[30:]).write("b.jsonl")
    words = ["select", "a.jsonl", "-k", "3", "--given", "b.jsonl", "--run"]
    assert main([*words, "whole"]) == 0
    parts = {store.rows: store.path for store in cached_stores()}
    (parts[20] / "features.npy").write_bytes(b"cut")
    (parts[20].parent / "Thumbs.db").write_text("left by a file manager")
    assert main(["select", "a.jsonl", "-k", "3", "--run", "others"]) == 0
    assert main([*words, "again"]) == 0
    assert "cannot be read and are made again" in capsys.readouterr().err
    same = [(tmp_path / run / "selection.parquet").read_bytes() for run in ("whole", "again")]
    assert same[0] == same[1]
    assert main([*words, "third"]) == 0
    assert len(rows) == 30
    assert main(["cache"]) == 0
    assert "not a finished store" in capsys.readouterr().out


def test_rows_that_another_store_has_are_not_made_to_finish_one(cache, tmp_path, monkeypatch):
    """Killed on 20 rows, then 12 of them alone, then all: each goes through the model once."""
    save_model(tmp_path / "m")
    model, rows = f"gradient:{tmp_path / 'm'}", talk_rows(20)
    small = ModelConfig(rank=4, dimension=32, batch_tokens=120)

    class StoppedError(Exception):
        pass

    def stopping(self, batch, *arguments):
        seen.append(len(batch.ids))
        if len(seen) > limit:
            raise StoppedError
        return call(self, batch, *arguments)

    seen, limit, call = [], 3, GradientCapture.__call__
    monkeypatch.setattr(GradientCapture, "__call__", stopping)
    monkeypatch.setattr(capture_run, "check_sketching", lambda *_: SketchCheck(0.1, 0.1, 1.0))
    with pytest.raises(StoppedError):
        spanset.represent(spanset.read(rows), model, model=small)
    done = sum(seen[:-1])
    assert 0 < done < 12
    limit = 99
    seen.clear()
    spanset.represent(spanset.read(rows[:12]), model, model=small)
    X = spanset.represent(spanset.read(rows), model, model=small)
    assert done + sum(seen) == 20
    clear_cache()
    assert np.abs(X - spanset.represent(spanset.read(rows), model, model=small)).max() < 2e-3


def test_a_row_that_was_skipped_before_stops_where_that_is_asked_for(cache, tmp_path):
    save_model(tmp_path / "m", template=GEMMA)
    plain = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
    system = [{"role": "system", "content": "Be brief."}, *plain]
    data = spanset.read([{"messages": plain}, {"messages": system}])
    for policy, is_refused in (("skip", False), ("stop", True), ("skip", False)):
        maker = GradientFeatures.load(str(tmp_path / "m"), CONFIG, on_bad_row=policy)
        if is_refused:
            with pytest.raises(DataError, match="cannot be rendered") as caught:
                maker.transform(data)
            assert caught.value.where == "<memory>:2"
            with pytest.raises(DataError, match="cannot be rendered"):
                planned(maker, data, on_bad_row=policy)
        else:
            assert maker.transform(data).kept.tolist() == [0]


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
