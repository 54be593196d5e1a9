"""Selections by gradients: the same features wherever they are, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.refusals import snapshot
from tests.commands.with_model.model_commands import BY_MODEL, FROM_STORE, PICK, SHOW, N, ids
from tests.conftest import write_lines
from tests.models.model_folder import changed, talk_rows

from spanset.models import language_model


def test_a_selection_by_gradients_leaves_a_run_folder_that_can_be_fed_back(spanset, monkeypatch):
    assert spanset.run(*BY_MODEL, "--run", "r", "--max-length", "100").code == 0
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows"]["picked"] == 3
    config = Path("r/config.toml").read_text()
    assert 'model = "m"' in config
    assert "max-length = 100" in config
    monkeypatch.setattr(language_model, "load_model", None)  # the same features, so from the cache
    ended = spanset.run("select", "--config", "r/config.toml", "--run", "again")
    assert ended.code == 0, ended.err
    assert Path("again/ids.txt").read_bytes() == Path("r/ids.txt").read_bytes()
    assert Path("again/subset.jsonl").read_bytes() == Path("r/subset.jsonl").read_bytes()


def test_model_and_store_and_gradient_are_the_same_features(spanset, store):
    assert spanset.run(*BY_MODEL, "--run", "a").code == 0
    assert spanset.run(*PICK, "--features", "gradient:m", "--run", "b").code == 0
    assert spanset.run(*FROM_STORE, "--run", "c").code == 0
    assert ids("a") == ids("b") == ids("c")


def test_given_rows_are_put_through_the_same_model(spanset):
    write_lines(Path("g.jsonl"), talk_rows(N)[2:4])
    assert spanset.run(*changed(BY_MODEL, "-k", "6"), "--given", "g.jsonl", "--run", "r").code == 0
    assert not {"2", "3"} & set(ids("r"))


def test_a_dry_run_with_a_model_loads_no_weights(spanset, cache, monkeypatch):
    monkeypatch.setattr(language_model, "load_model", None)
    before = snapshot(Path())
    ended = spanset.run(*BY_MODEL, "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert "gradient:m, 32 dimensions" in ended.out
    assert snapshot(Path()) == before
    assert not cache.exists()
    ended = spanset.run(*changed(BY_MODEL, "--sketch", "none"), "--dry-run", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["dimension"] > 1000


def test_json_output_is_nothing_but_json(spanset):
    ended = spanset.run(*BY_MODEL, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["picked"] == 3


@pytest.mark.parametrize("sketch", ["paper", "none"])
def test_every_sketch_serves_a_selection(spanset, sketch):
    assert spanset.run(*BY_MODEL, "--sketch", sketch).code == 0


def test_show_marks_what_is_supervised(spanset):
    ended = spanset.run(*SHOW, "-n", "1")
    assert ended.code == 0
    assert "⟦It is 0, or 0.<|im_end|>⟧" in ended.out
    assert "⟦Say" not in ended.out


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("features", ("--model", "--out", "--shard", "--seed", "--max-length", "--rank")),
        ("merge", ("OUT",)),
        ("show", ("--model", "--chat-template", "--supervise")),
        ("select", ("--model", "--batch-tokens", "--model-dtype", "--sketch", "--targets")),
    ],
)
def test_every_command_and_flag_has_a_help_text(spanset, command, flags):
    ended = spanset.run(command, "--help")
    assert ended.code == 0
    assert "Usage: spanset" in ended.out
    for flag in flags:
        assert flag in ended.out


def test_help_needs_no_model_and_no_heavy_package(spanset, monkeypatch):
    import sys

    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    for command in ("features", "merge", "show"):
        assert spanset.run(command, "--help").code == 0


def test_a_store_can_be_read_with_numpy_as_the_help_says(spanset, store):
    features, status = np.load("s/features.npy"), np.load("s/status.npy")
    assert features.shape == (N, 32)
    assert status.tolist() == [1] * N
