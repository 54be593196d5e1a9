"""The folder of a store alone, without a model: what is written when, and what is left of it."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.models.model_folder import files_of

from spanset.base.errors import DataError, OutputError, UsageError
from spanset.stores import store as store_module
from spanset.stores.checks import refuse_difference
from spanset.stores.columns import ALWAYS, COUNTED, NORM, SCORES, hidden_columns
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore, create_store

N, D = 6, 4
WIDTH = 3
COLUMNS = COUNTED | NORM | SCORES | hidden_columns(WIDTH)


def make_store(path, *, dtype="float32", place=None, shard=None, n=N):
    table = {
        "settings": {"kind": "k", "a": 1},
        "data": {"rows": n},
        "columns": COLUMNS,
        "plan": {"batch_tokens": 100},
        "cost": {},
        "shard": shard,
        "machines": [],
        "self_check": None,
        "splits": [],
    }
    columns = {
        "status": np.zeros(n, np.uint8),
        "rows": np.arange(n * 16, dtype=np.uint8).reshape(n, 16),
        "tokens": np.arange(n),
        "supervised": np.ones(n),
    }
    return create_store(path, table, dimension=D, dtype=dtype, columns=columns, place=place)


def put(store, *rows):
    """Rows that hold their own number."""
    numbers = np.array(rows)
    store.put(
        numbers,
        np.repeat(numbers[:, None] + 1.0, D, axis=1).astype(np.float32),
        np.full(len(rows), Status.OK, np.uint8),
        norm=numbers + 0.5,
        loss=numbers + 0.25,
        el2n=numbers + 0.75,
        margin=-numbers,
        hidden=np.repeat(numbers[:, None] + 2.0, WIDTH, axis=1),
        hidden_norm=numbers + 3.0,
    )


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "s")


def test_a_new_store_has_room_for_all_rows_and_holds_none(store):
    assert not store.complete
    assert store.column("status").tolist() == [Status.PENDING] * N
    assert store.column("features").shape == (N, D)
    assert store.column("tokens").tolist() == list(range(N))
    assert not list(store.path.parent.glob(".*")), "a partial folder is left"


def test_what_is_put_can_be_read_with_numpy_alone(store):
    with store.writing():
        put(store, 4, 1)
    code = (
        "import sys, json, numpy as np; from pathlib import Path; p = Path(sys.argv[1]);"
        "kept = [n for n in sys.modules if n.partition('.')[0] in ('spanset', 'torch')];"
        "assert not kept, kept;"
        "assert json.loads((p / 'manifest.json').read_text())['complete'] is False;"
        "print([np.load(p / f'{n}.npy', allow_pickle=False).tolist()"
        " for n in ('status', 'features', 'norm', 'loss')])"
    )
    command = [sys.executable, "-c", code, str(store.path)]
    read = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert read[0] == [0, 1, 0, 0, 1, 0]
    assert read[1] == [[0.0] * D, [2.0] * D, [0.0] * D, [0.0] * D, [5.0] * D, [0.0] * D]
    assert read[2] == [0.0, 1.5, 0.0, 0.0, 4.5, 0.0]
    assert read[3] == [0.0, 1.25, 0.0, 0.0, 4.25, 0.0]


def test_a_status_is_written_only_after_its_values(store, monkeypatch):
    """Every file is told to reach the disk before the first status is written."""
    written, names = [], {}
    pwrite, fsync, opened = os.pwrite, os.fsync, os.open

    def named_open(path, *arguments, **settings):
        handle = opened(path, *arguments, **settings)
        names[handle] = Path(os.fspath(path)).stem
        return handle

    def named_pwrite(handle, *arguments):
        written.append(f"{names[handle]} written")
        return pwrite(handle, *arguments)

    def named_fsync(handle):
        written.append(f"{names[handle]} safe")
        return fsync(handle)

    monkeypatch.setattr(os, "open", named_open)
    monkeypatch.setattr(os, "pwrite", named_pwrite)
    monkeypatch.setattr(os, "fsync", named_fsync)
    with store.writing():
        put(store, 2)
        put(store, 3)
    first_status = written.index("status written")
    for name in ("features", "norm", "loss"):
        safe = written.index(f"{name} safe")
        assert max(i for i, what in enumerate(written) if what == f"{name} written") < safe
        assert safe < first_status
    assert written[-1] == "status safe"


def test_values_that_cannot_be_made_safe_get_no_status(store, monkeypatch):
    def failing(handle):
        raise OSError(errno.EIO, "Input/output error")

    def put_and_fail():
        with store.writing():
            put(store, 1)
            monkeypatch.setattr(os, "fsync", failing)

    with pytest.raises(OutputError, match="Input/output error"):
        put_and_fail()
    monkeypatch.undo()
    assert FeatureStore(store.path).column("status").tolist() == [Status.PENDING] * N


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_was_put_is_kept_whatever_ends_the_writing(store, error):
    def put_and_fail():
        with store.writing():
            put(store, 0, 5)
            raise error

    with pytest.raises(error):
        put_and_fail()
    assert np.flatnonzero(FeatureStore(store.path).column("status")).tolist() == [0, 5]


def test_two_writers_at_once_are_refused(store):
    with store.writing():
        put(store, 1)
        second = FeatureStore(store.path).writing()
        with pytest.raises(UsageError, match="another process") as caught:
            second.__enter__()
        put(store, 2)
    assert "--shard" in caught.value.fix
    assert store.column("status")[[1, 2]].all()
    with FeatureStore(store.path).writing():
        pass  # the lock is gone


def test_a_reader_needs_no_lock(store):
    with store.writing():
        assert FeatureStore(store.path).column("tokens")[3] == 3


def test_half_precision_keeps_unit_rows(tmp_path):
    store = make_store(tmp_path / "s", dtype="float16")
    row = np.full((1, D), 0.5, np.float32)
    with store.writing():
        values = {name: np.ones((1, *store.columns[name][1])) for name in store.made}
        store.put(np.array([2]), row, np.ones(1, np.uint8), **values)
    assert store.column("features").dtype == np.float16
    assert np.array_equal(store.column("features")[2], row[0])


def test_a_shard_holds_the_features_of_its_own_rows_only(tmp_path):
    store = make_store(tmp_path / "s", place=np.array([1, 4, 5]), shard=[1, 2])
    with store.writing():
        put(store, 5, 1)
    store = FeatureStore(store.path)
    assert store.column("features")[:, 0].tolist() == [2.0, 0.0, 6.0]
    assert store.column("norm").tolist() == [0, 1.5, 0, 0, 0, 5.5]


def test_the_features_of_a_shard_belong_to_their_rows(tmp_path):
    store = make_store(tmp_path / "s", place=np.array([1, 4, 5]), shard=[1, 2])
    with store.writing():
        put(store, 5, 1)
    store = FeatureStore(store.path)
    made = np.flatnonzero(store.column("status"))
    assert made.tolist() == [1, 5]
    places = np.searchsorted(store.place, made)
    assert store.column("features")[places, 0].tolist() == [2.0, 6.0]


def test_a_leftover_of_a_killed_creation_is_no_store_and_no_hindrance(tmp_path):
    partial = tmp_path / ".s.partial"
    partial.mkdir()
    for name in ("features.npy", "manifest.json", "half-written.npy"):
        (partial / name).write_bytes(b"half of it")
    store = make_store(tmp_path / "s")
    assert set(files_of(store.path)) == {
        "manifest.json",
        *(f"{name}.npy" for name in ("features", *ALWAYS, *COLUMNS)),
    }
    assert not partial.exists()


def test_a_store_that_another_process_just_made_is_used_and_nothing_is_left(tmp_path):
    store = make_store(tmp_path / "s")
    before = files_of(store.path)
    assert make_store(tmp_path / "s").path == store.path
    assert files_of(store.path) == before
    assert not list(tmp_path.glob(".*"))


def test_creation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        make_store(tmp_path / "s")
    assert "space" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_the_message_of_a_full_disk_is_told_once(store, monkeypatch):
    """An error of the manifest inside the writing is not wrapped in another one."""

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    def write():
        with store.writing():
            monkeypatch.setattr(store_module, "write_manifest", full)
            store.update(machines=[])

    with pytest.raises(OutputError) as caught:
        write()
    assert caught.value.why == "No space left on device"


def test_differences_of_settings_are_named_in_full(store):
    wanted = {"settings": {"kind": "k", "a": 2, "b": {"c": 3}}, "data": {"rows": N}}
    with pytest.raises(UsageError, match="other settings") as caught:
        refuse_difference(store, wanted)
    assert caught.value.why == "a: 1 there, 2 now; b.c: None there, 3 now"
    with pytest.raises(UsageError, match="other rows"):
        refuse_difference(store, {"settings": {"kind": "k", "a": 1}, "data": {"rows": N + 1}})
    refuse_difference(store, {"settings": {"kind": "k", "a": 1}, "data": {"rows": N}})


def test_a_store_that_cannot_be_read_is_no_data_error_of_python(tmp_path):
    with pytest.raises(UsageError, match="no such feature store"):
        FeatureStore(tmp_path / "none")
    store = make_store(tmp_path / "s")
    (store.path / "tokens.npy").write_bytes(b"")
    with pytest.raises(DataError, match=r"tokens\.npy"):
        store.column("tokens")


def test_rows_are_read_in_the_order_asked_for(store):
    with store.writing():
        put(store, *range(4))
    places = np.array([0, 2, 1, 3])  # a run by its ends alone
    (found,) = store.read(places)
    assert found[0].tolist() == places.tolist()
    assert found[1][:, 0].tolist() == np.array(store.column("features"))[places, 0].tolist()
    assert len(set(found[1][:, 0].tolist())) == 4
