"""A run killed at any moment is finished by the next one, to the same bytes."""

import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.models.model_folder import FEATURES, Child, Moment, edit_json, files_of, same_store
from tests.stores.whole_runs import ROWS, refused

from spanset.cli import main
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore


def test_an_undisturbed_run_makes_every_row(reference):
    store = FeatureStore(reference)
    assert store.complete
    assert store.column("status").tolist() == [Status.OK] * len(ROWS)
    lengths = np.linalg.norm(store.column("features").astype(np.float64), axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-3)
    assert (store.column("norm") > 0).all()
    assert (store.column("loss") > 0).all()
    assert (store.column("supervised") > 0).all()
    assert (store.column("tokens") > store.column("supervised")).all()
    assert store.manifest["plan"] == {"batch_tokens": 300}


def test_the_same_run_twice_makes_the_same_bytes(folder, reference):
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


def test_a_child_makes_the_bytes_that_this_process_makes(folder, reference):
    """Otherwise what follows would compare the wrong things."""
    child = Child(*FEATURES)
    assert child.end() == 0, child.err
    assert same_store(Path("s"), reference)


def test_a_finished_store_is_found_and_left_as_it_is(store_there, reference, monkeypatch):
    from spanset.models import language_model

    monkeypatch.setattr(language_model, "load_model", None)
    before = {path.name: path.stat().st_mtime_ns for path in store_there.iterdir()}
    assert main(FEATURES) == 0
    assert {path.name: path.stat().st_mtime_ns for path in store_there.iterdir()} == before


MOMENTS = [
    Moment("replace", 1),  # creation, before the manifest
    Moment("rename", 1),  # creation, before the store gets its name
    Moment("replace", 2),  # before the machine is noted
    Moment("pwrite", 1),  # half of the first row
    Moment("pwrite", 60),  # half of some value
    Moment("fsync", 14),  # before a batch is safe
    Moment("replace", 4),  # before it is called complete
]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_run_killed_at_any_moment_is_finished_by_the_next_to_the_same_bytes(
    folder, reference, moment
):
    child = Child(*FEATURES, moment=moment)
    assert child.end() == -signal.SIGKILL, child.err
    if Path("s").exists():
        store = FeatureStore(Path("s"))
        assert not store.complete
        made = store.column("status") != Status.PENDING
        wanted = FeatureStore(reference)
        for name in ("features", "norm", "loss"):
            assert np.array_equal(store.column(name)[made], wanted.column(name)[made]), name
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)
    assert not list(folder.glob(".*")), "a leftover of the killed creation"


def test_a_run_killed_again_and_again_comes_to_the_same_end(folder, reference):
    done = []
    for moment in (Moment("save", 4), *[Moment("pwrite", 60)] * 3):
        child = Child(*FEATURES, moment=moment)
        assert child.end() == -signal.SIGKILL, child.err
        if Path("s").exists():
            done.append(int((FeatureStore(Path("s")).column("status") > 0).sum()))
    assert 0 < done[0] < done[1] < done[2], "each goes on where the one before was"
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


def test_a_copy_that_lacks_its_status_is_made_again(store_there, reference):
    """Killed after the status of a row was written, and before that of its copy."""
    status = np.load(store_there / "status.npy")
    status[-1] = Status.PENDING
    np.save(store_there / "status.npy", status)
    edit_json(store_there / "manifest.json", complete=False)
    assert main(FEATURES) == 0
    store = FeatureStore(store_there)
    assert store.complete
    assert (store.column("status") == Status.OK).all(), "complete, but a row is pending"
    for name in ("features", "norm", "loss"):
        assert np.array_equal(store.column(name), FeatureStore(reference).column(name))


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(folder, reference):
    child = Child(*FEATURES, moment=Moment("pwrite", 100, fate=int(signal.SIGINT)))
    assert child.end() == 130, child.err
    assert "Traceback" not in child.err
    assert "nothing was written" not in child.err
    assert "rows are kept in s; the same command goes on" in child.err
    store = FeatureStore(Path("s"))
    assert not store.complete
    assert (store.column("status") == Status.OK).any()
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


def test_a_leftover_partial_folder_is_no_hindrance_to_a_run(folder, reference):
    Path(".s.partial").mkdir()
    Path(".s.partial", "features.npy").write_bytes(b"half")
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)
    assert not Path(".s.partial").exists()


def test_a_run_into_a_store_that_another_writes_is_refused(folder, reference, capsys):
    child = Child(*FEATURES, moment=Moment("pwrite", 100))
    child.end()
    before = files_of(Path("s"))
    with FeatureStore(Path("s")).writing():
        refused(capsys, *FEATURES, code=2, says=("another process", "s:", "--shard"))
    assert files_of(Path("s")) == before
