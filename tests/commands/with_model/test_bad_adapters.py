"""Commands with an adapter: refused in one message before any work, and what works.

What can be wrong with one is in models/adapters; here, that it is found in time, and that
nothing is left behind.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

from tests.commands.refusals import Commands, check_message, snapshot
from tests.conftest import write_lines
from tests.models.model_folder import (
    SMALL,
    changed,
    edit_json,
    edit_weights,
    save_adapter,
    save_model,
    talk_rows,
)

from spanset.models import language_model
from spanset.models.adapters import CONFIG, WEIGHTS

N = 8
SELECT = ("select", "d.jsonl", "-k", "3", "--draws", "0", *SMALL, "--model", "a")
STORE = ("features", "d.jsonl", "--model", "a", "--out", "s", *SMALL)
SHOW = ("show", "d.jsonl", "--model", "a")
COMMANDS = {"select": SELECT, "features": STORE, "show": SHOW, "dry-run": (*SELECT, "--dry-run")}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a model `m`, and `a`, an adapter that names it."""
    here = tmp_path_factory.mktemp("adapters")
    save_model(here / "m")
    save_adapter(here / "a", here / "m")
    edit_json(here / "a" / CONFIG, base_model_name_or_path="m")
    return here


@pytest.fixture
def spanset(saved, tmp_path, monkeypatch, capsys):
    here = shutil.copytree(saved, tmp_path / "here")
    write_lines(here / "d.jsonl", talk_rows(N))
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Commands(capsys)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def refuses(spanset, cache, command, **message):
    spanset.refuses(*command, **message)
    assert not [path for path in cache.rglob("*") if path.is_file()], "something is in the cache"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_adapter_is_a_model(spanset, command):
    ended = spanset.run(*COMMANDS[command])
    assert ended.code == 0, ended.err
    assert "error" not in ended.err


def settings(**changes):
    return lambda: edit_json(Path("a", CONFIG), **changes)


def pickled():
    Path("a", WEIGHTS).rename("a/adapter_model.bin")


BAD = {
    "not-json": (lambda: Path("a", CONFIG).write_text("{"), ("configuration", CONFIG)),
    "no-base": (settings(base_model_name_or_path=None), ("does not name its base",)),
    "base-not-there": (settings(base_model_name_or_path="./none"), ("base model", "./none")),
    "prompt": (settings(peft_type="P_TUNING"), ("cannot be merged", "P_TUNING")),
    "pickle": (pickled, ("pickle", WEIGHTS)),
    "no-weights": (lambda: Path("a", WEIGHTS).unlink(), ("no weights", WEIGHTS)),
    "of-an-adapter": (settings(base_model_name_or_path="a"), ("an adapter itself",)),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("command", COMMANDS)
def test_an_adapter_that_cannot_be_used_is_named_before_any_work(
    spanset, cache, monkeypatch, command, case
):
    monkeypatch.setattr(language_model, "survey", None)
    spoil, says = BAD[case]
    spoil()
    refuses(spanset, cache, COMMANDS[command], code=2, where="--model a", says=says)


@pytest.mark.parametrize("command", [SELECT, STORE], ids=["select", "features"])
def test_weights_that_do_not_fit_leave_nothing_behind(spanset, cache, command):
    cases = {
        (2, "size mismatch"): settings(r=3),
        (1, "lacks 1 weights"): lambda: edit_weights(
            Path("a"), lambda weights: dict(sorted(weights.items())[1:]), WEIGHTS
        ),
    }
    for (code, says), spoil in cases.items():
        kept = Path(shutil.copytree("a", "kept"))
        spoil()
        before = snapshot(Path())
        ended = spanset.run(*command)
        assert ended.code == code
        message = ended.err[ended.err.index("error: ") :]  # after what was to be made
        check_message(message, where="--model a: ", says=(says,))
        assert snapshot(Path()) == before
        assert not [path for path in cache.rglob("*") if path.is_file()]
        shutil.rmtree("a")
        kept.rename("a")


def test_a_dry_run_loads_no_weights(spanset, cache, monkeypatch):
    monkeypatch.setattr(language_model, "load_model", None)
    before = snapshot(Path())
    ended = spanset.run(*COMMANDS["dry-run"], "--sketch", "none", "--json")
    assert (ended.code, ended.err) == (0, "")
    adapted = json.loads(ended.out)["dimension"]
    ended = spanset.run(*changed(COMMANDS["dry-run"], "--model", "m"), "--sketch", "none", "--json")
    assert json.loads(ended.out)["dimension"] == adapted
    assert snapshot(Path()) == before
    assert not cache.exists()


def test_a_store_tells_an_adapter_from_its_base_and_from_itself_trained_on(spanset):
    assert spanset.run(*STORE).code == 0
    assert spanset.run(*STORE).code == 0
    says = ("the weights or the configuration",)
    spanset.refuses(*changed(STORE, "--model", "m"), code=2, where="s: ", says=says)
    edit_weights(Path("a"), lambda all_of: {k: v * 2 for k, v in all_of.items()}, WEIGHTS)
    spanset.refuses(*STORE, code=2, where="s: ", says=says)


def test_the_cache_is_not_asked_for_the_base(spanset, monkeypatch):
    assert spanset.run(*SELECT, "--run", "one").code == 0
    assert spanset.run(*changed(SELECT, "--model", "m"), "--run", "two").code == 0
    monkeypatch.setattr(language_model, "load_model", None)
    assert spanset.run(*SELECT, "--run", "three").code == 0
    same = [Path(run, "subset.jsonl").read_bytes() for run in ("one", "three")]
    assert same[0] == same[1]


def test_the_folder_may_move_with_its_base_beside_it(spanset, tmp_path, monkeypatch):
    assert spanset.run(*STORE).code == 0
    Path("inner").mkdir()
    monkeypatch.chdir("inner")
    words = changed(("features", "../d.jsonl", *STORE[2:]), "--model", "../a")
    monkeypatch.setattr(language_model, "load_model", None)
    assert spanset.run(*changed(words, "--out", "../s")).code == 0
