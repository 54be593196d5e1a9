"""A damaged store, and a place where no store can be, is refused and left as it is."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.models.model_folder import FEATURES, Child, Moment, changed, edit_json, files_of
from tests.stores.whole_runs import refused

from spanset.cli import main


def without_key(name):
    return lambda path: edit_json(path / "manifest.json", **{name: None})


def written(name, content):
    return lambda path: (path / name).write_bytes(content)


def cut(name):
    return lambda path: (path / name).write_bytes((path / name).read_bytes()[:-3])


def reshaped(name):
    return lambda path: np.save(path / name, np.load(path / name)[:-1])


DAMAGE = {
    "manifest-missing": lambda path: (path / "manifest.json").unlink(),
    "manifest-empty": written("manifest.json", b""),
    "manifest-cut": cut("manifest.json"),
    "manifest-not-utf8": written("manifest.json", b"\xff\xfe{}"),
    "manifest-of-another-kind": written("manifest.json", b'{"versions": {}, "complete": true}'),
    "manifest-a-list": written("manifest.json", b"[]"),
    "another-format": lambda path: edit_json(path / "manifest.json", format=99),
    "without-settings": without_key("settings"),
    "without-data": without_key("data"),
    "without-a-shard-entry": without_key("shard"),
    "without-cost": without_key("cost"),
    "without-plan": without_key("plan"),
    **{
        f"{name}-{how}": (
            (lambda path, name=name: (path / f"{name}.npy").unlink())
            if how == "missing"
            else {"empty": written(f"{name}.npy", b""), "cut": cut(f"{name}.npy"),
                  "text": written(f"{name}.npy", b"no array"),
                  "shorter": reshaped(f"{name}.npy")}[how]
        )
        for name in ("features", "status", "rows", "tokens", "norm")
        for how in ("missing", "empty", "cut", "text", "shorter")
    },
}  # fmt: skip
NEEDED = ("features", "status", "rows")  # by a selection; the rest is for people


@pytest.mark.parametrize("case", DAMAGE)
@pytest.mark.parametrize("command", ["features", "select"])
def test_a_damaged_store_is_refused_and_left_as_it_is(store_there, capsys, command, case):
    """What the command has no need of may go unseen, but nothing may fail at it."""
    DAMAGE[case](store_there)
    before = files_of(store_there)
    words = {
        "features": FEATURES,
        "select": ("select", "d.jsonl", "-k", "3", "--features", "store:s", "--draws", "0"),
    }[command]
    capsys.readouterr()
    code = main(words)
    err = capsys.readouterr().err
    assert "Traceback" not in err
    if code:
        assert code in (1, 2)
        assert err.count("error: ") == err.count("  fix: ") == 1, err
        assert "error: s" in err, err
        assert not Path("spanset-run").exists()
    else:
        is_needed = command == "select" and case.partition("-")[0] in NEEDED
        assert not is_needed, "damage went unseen"
    assert files_of(store_there) == before


@pytest.mark.parametrize("name", ["features", "norm", "status"])
def test_a_damaged_store_that_is_not_finished_is_refused(folder, reference, capsys, name):
    Child(*FEATURES, moment=Moment("pwrite", 100)).end()
    Path("s", f"{name}.npy").unlink()
    refused(capsys, *FEATURES, code=1, says=(f"{name}.npy",))


def test_a_folder_that_is_no_store_is_named(folder, capsys):
    Path("s").mkdir()
    Path("s", "thesis.txt").write_text("five years of work")
    err = refused(capsys, *FEATURES, code=2, says=("s: ", "not a feature store"))
    assert "another folder" in err.partition("fix: ")[2], "the command is told to run itself"
    assert [path.name for path in Path("s").iterdir()] == ["thesis.txt"]


NOWHERE = {
    "inside-a-file": "d.jsonl/s",
    "no-such-folder": "none/s",
    "too-long": "a" * 300,
    "empty": "",
    "here": ".",
}


@pytest.mark.parametrize(
    ("out", "shard"),
    [
        pytest.param("d.jsonl", (), id="file"),
        *[pytest.param(out, (), id=case) for case, out in NOWHERE.items()],
        *[
            pytest.param(out, ("--shard", "1/2"), id=f"{case}-shard")
            for case, out in NOWHERE.items()
        ],
    ],
)
def test_a_place_where_no_store_can_be_is_named_before_any_work(
    folder, capsys, monkeypatch, out, shard
):
    from spanset.models import language_model

    monkeypatch.setattr(language_model, "survey", None)  # rendering millions of rows takes minutes
    before = sorted(path.name for path in folder.iterdir())
    refused(capsys, *changed(FEATURES, "--out", out), *shard, code=2)
    assert sorted(path.name for path in folder.iterdir()) == before
