"""Rows that a store lacks are added beside it, and those that it has stay as they are."""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.conftest import write_lines
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
from tests.stores.whole_runs import ROWS, refused

from spanset.base.errors import UsageError
from spanset.cli import main
from spanset.data.reader import read
from spanset.features.stored import StoreFeatures
from spanset.stores.store import FeatureStore


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows[:-1], id="one-less"),
        pytest.param(lambda rows: [*rows, rows[0]], id="one-more-copy"),
        pytest.param(lambda rows: [rows[1], rows[0], *rows[2:]], id="other-order"),
    ],
)
def test_a_store_that_holds_all_rows_already_is_left_as_it_is(store_there, capsys, change):
    write_lines(Path("d.jsonl"), change(ROWS))
    before = files_of(store_there)
    assert main(FEATURES) == 0
    assert files_of(store_there) == before
    assert "complete" in capsys.readouterr().err


def test_an_unfinished_store_of_other_rows_is_refused(store_there, capsys):
    edit_json(store_there / "manifest.json", complete=False)
    write_lines(Path("d.jsonl"), ROWS[:20])
    before = files_of(store_there)
    refused(capsys, *FEATURES, code=2, says=("s: ", "other rows"))
    assert files_of(store_there) == before


def test_rows_that_are_new_are_added_and_the_others_stay_as_they_are(store_there, capsys):
    more = talk_rows(47)[40:]
    write_lines(Path("d.jsonl"), [*ROWS[5:], *more])
    before = files_of(store_there)
    assert main(FEATURES) == 0
    added = FeatureStore(store_there / "appended-1")
    assert added.complete
    assert len(added.column("rows")) == len(more), "only what is new is made"
    assert before == {name: (store_there / name).read_bytes() for name in before}
    assert "35 of 42 rows are there already" in capsys.readouterr().err
    data = read([*ROWS[5:], *more])
    X = StoreFeatures(str(store_there)).transform(data).X
    write_lines(Path("d.jsonl"), more)
    assert main(changed(FEATURES, "--out", "alone")) == 0
    alone = StoreFeatures("alone").transform(read(more)).X
    assert np.abs(X[35:] - alone).max() < 2e-3  # float16
    assert (X[:35] == StoreFeatures(str(store_there)).transform(data[np.arange(35)]).X).all()


def test_a_damaged_addition_can_be_removed_and_made_again(store_there, capsys):
    more = talk_rows(60)[40:]
    write_lines(Path("d.jsonl"), [*ROWS, *more[:10]])
    assert main(FEATURES) == 0
    write_lines(Path("d.jsonl"), [*ROWS, *more])
    assert main(FEATURES) == 0
    shutil.copytree(store_there / "appended-1", store_there / "appended-1.bak")
    (store_there / "appended-1/features.npy").write_bytes(b"cut")
    refused(capsys, *FEATURES, code=1, says=("appended-1: ", "cannot be read", "remove the folder"))
    shutil.rmtree(store_there / "appended-1")
    assert main(FEATURES) == 0
    assert sorted(path.name for path in store_there.glob("appended-*")) == [
        "appended-1.bak",
        "appended-2",
        "appended-3",
    ]
    assert len(StoreFeatures("s").transform(read([*ROWS, *more])).X) == 60


def test_rows_of_the_first_store_are_there_while_others_are_added(store_there):
    write_lines(Path("d.jsonl"), [*ROWS, *talk_rows(60)[40:]])
    assert Child(*FEATURES, moment=Moment("pwrite", 30)).end() == -signal.SIGKILL
    assert len(StoreFeatures("s").transform(read(ROWS)).X) == len(ROWS)


def test_an_addition_of_other_settings_is_refused(store_there, capsys):
    write_lines(Path("d.jsonl"), talk_rows(50)[40:])
    assert main(changed(changed(FEATURES, "--out", "other"), "--rank", "8")) == 0
    shutil.copytree("other", store_there / "appended-1")
    with pytest.raises(UsageError, match="other settings"):
        StoreFeatures("s").transform(read(ROWS))
    capsys.readouterr()


def test_shards_of_a_store_that_exists_are_refused_before_any_work(store_there, capsys):
    write_lines(Path("d.jsonl"), talk_rows(50))
    before = set(Path().iterdir())
    refused(capsys, *FEATURES, "--shard", "1/2", code=2, says=("s: ", "exists already"))
    assert set(Path().iterdir()) == before


def test_adding_rows_that_was_killed_goes_on_to_the_same_bytes(store_there):
    more = talk_rows(60)[40:]
    write_lines(Path("d.jsonl"), [*ROWS, *more])
    assert Child(*FEATURES, moment=Moment("pwrite", 30)).end() == -signal.SIGKILL
    assert not FeatureStore(store_there / "appended-1").complete
    with pytest.raises(UsageError, match="not finished"):
        StoreFeatures(str(store_there)).transform(read([*ROWS, *more]))
    assert main(FEATURES) == 0
    shutil.copytree(store_there / "appended-1", "killed")
    shutil.rmtree(store_there / "appended-1")
    assert main(FEATURES) == 0
    assert same_store(store_there / "appended-1", Path("killed"))
