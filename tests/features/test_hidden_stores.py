"""Hidden states of stores that the user names: merged, killed, added to, or without any."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

from tests.conftest import write_lines
from tests.features.mean_states import CLOSE, CONFIG, HALF, LONG, ROWS, states, unit
from tests.models.by_hand import ByHand
from tests.models.model_folder import (
    FEATURES,
    Child,
    Moment,
    changed,
    edit_json,
    files_of,
    same_store,
    talk_rows,
)
from tests.models.tiny_models import HIDDEN

import spanset
from spanset.base.errors import DataError, UsageError
from spanset.cli import main
from spanset.data.reader import read
from spanset.stores.store import FeatureStore

HIDDEN_STORE = ("features", "d.jsonl", "--features", "hidden:m", "--out", "s", *FEATURES[-2:])


def test_the_hidden_states_of_a_store_of_gradients(folder, no_model):
    assert main(list(FEATURES)) == 0
    no_model()
    X = spanset.represent(read("d.jsonl"), "store:s:hidden")
    assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF
    lengths = np.linalg.norm(
        spanset.represent(read("d.jsonl"), "store:s:hidden", normalize=False), axis=1
    )
    np.testing.assert_allclose(lengths, FeatureStore(Path("s")).column("hidden_norm"), rtol=CLOSE)
    assert spanset.represent(read("d.jsonl"), "store:s").shape[1] == 32


def test_a_store_of_hidden_states_is_its_features(folder, no_model):
    assert main(list(HIDDEN_STORE)) == 0
    no_model()
    for named in ("store:s", "store:s:hidden"):
        X = spanset.represent(read("d.jsonl"), named)
        assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF


@pytest.mark.parametrize(
    ("entry", "value"),
    [("settings", None), ("settings", {}), ("data", None), ("data", {}), ("columns", None)],
)
def test_another_model_s_damaged_store_in_the_cache_stands_in_nobody_s_way(
    folder, tmp_path, monkeypatch, entry, value
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = tmp_path / "cache/spanset/stores/other/store"
    assert main(list(FEATURES)) == 0
    store.parent.mkdir(parents=True)
    shutil.copytree("s", store)
    edit_json(store / "manifest.json", **{entry: value})
    X = spanset.represent(read("d.jsonl"), "hidden:m", model=CONFIG)
    assert np.abs(X - unit(states(ByHand("m"), ROWS))).max() < HALF
    with pytest.raises(DataError, match="cannot be read"):
        FeatureStore(store)


def test_a_row_that_was_left_out_of_a_store_is_left_out_of_its_hidden_states(folder):
    write_lines(Path("d.jsonl"), [*ROWS, LONG])
    assert main(list(FEATURES)) == 0
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0")
    assert main([*pick, "--features", "store:s", "--run", "a"]) == 0
    assert main([*pick, "--features", "store:s:hidden", "--run", "b"]) == 0
    for run in ("a", "b"):
        (left_out,) = Path(run, "bad_rows.jsonl").read_text().splitlines()
        assert "--max-length" in json.loads(left_out)["reason"]


def test_rows_that_no_store_holds_are_still_refused(folder, capsys):
    assert main(list(FEATURES)) == 0
    write_lines(Path("d.jsonl"), [*ROWS, *talk_rows(30)[25:]])
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0")
    for features in ("store:s", "store:s:hidden"):
        assert main([*pick, "--features", features]) == 1
        assert "lacks 5 of 25 rows" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["none-beside", "lexical"])
def test_hidden_states_that_are_not_beside_are_an_error_that_helps(folder, kind):
    command = {
        "none-beside": (*FEATURES, "--no-hidden"),
        "lexical": ("features", "d.jsonl", "--features", "lexical", "--out", "s"),
    }[kind]
    assert main(list(command)) == 0
    with pytest.raises(UsageError, match="no hidden states") as caught:
        spanset.represent(read("d.jsonl"), "store:s:hidden")
    words = caught.value.fix.partition("spanset ")[2].split()
    words = [{"DATA": "d.jsonl", "hidden:M": "hidden:m", "STORE": "t"}.get(w, w) for w in words]
    assert main(words) == 0
    assert len(spanset.represent(read("d.jsonl"), "store:t")) == len(ROWS)


def test_a_folder_whose_name_ends_so_is_a_store(folder):
    assert main(list(changed(HIDDEN_STORE, "--out", "t:hidden"))) == 0
    X = spanset.represent(read("d.jsonl"), "store:t:hidden")
    assert X.shape == (len(ROWS), HIDDEN)


@pytest.mark.parametrize(
    ("command", "column"),
    [
        (FEATURES, "hidden"),
        ((*FEATURES, "--pooling", "weighted"), "hidden_weighted"),
        (HIDDEN_STORE, "features"),
    ],
    ids=["beside", "weighted", "alone"],
)
def test_shards_merged_are_the_bytes_of_one_run(folder, command, column):
    assert main(list(command)) == 0
    Path("s").rename("whole")
    for number in (2, 1):
        assert main([*command, "--shard", f"{number}/2"]) == 0
        held = np.load(f"s.{number}-of-2/{column}.npy")
        assert len(held) < len(ROWS), "of its own rows only"
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), Path("whole"))
    assert np.load(f"s/{column}.npy").any(axis=1).all(), "rows of zeros are equal anyway"


@pytest.mark.parametrize("command", [FEATURES, HIDDEN_STORE], ids=["beside", "alone"])
@pytest.mark.parametrize("moment", [("pwrite", 9), ("pwrite", 40), ("fsync", 6)], ids=str)
def test_a_killed_run_goes_on_to_the_same_bytes(folder, command, moment):
    assert main(list(command)) == 0
    Path("s").rename("undisturbed")
    child = Child(*command, moment=Moment(*moment))
    assert child.end() < 0, child.err
    assert not FeatureStore(Path("s")).complete
    assert Child(*command).end() == 0
    left, right = files_of(Path("s")), files_of(Path("undisturbed"))
    assert [name for name in left if left[name] != right[name]] in ([], ["manifest.json"])
    assert left.keys() == right.keys()


def test_rows_added_to_a_store_bring_their_hidden_states(folder):
    assert main(list(FEATURES)) == 0
    rows = talk_rows(22)
    write_lines(Path("d.jsonl"), rows)
    assert main(list(FEATURES)) == 0
    X = spanset.represent(read("d.jsonl"), "store:s:hidden")
    assert np.abs(X - unit(states(ByHand("m"), rows))).max() < HALF
