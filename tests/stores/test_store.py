"""The feature store: plain arrays that outlive kills, full disks and wrong commands.

Runs that are killed are whole runs of `spanset features` in a process of their own, which sends
itself the signal at a chosen call: half-way through a write, before the disk is told to keep it,
before a file gets its name. What the next run makes of it is compared byte by byte.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.conftest import write_lines
from tests.models.model_folder import (
    FEATURES,
    SMALL,
    Child,
    Moment,
    changed,
    edit_json,
    edit_weights,
    files_of,
    same_store,
    save_model,
    talk_rows,
)

from spanset.base.errors import DataError, OutputError, UsageError
from spanset.cli import main
from spanset.data.reader import read
from spanset.features.stored import StoreFeatures
from spanset.stores import store as store_module
from spanset.stores.checks import refuse_difference
from spanset.stores.store import FeatureStore, Status, create_store

N, D = 6, 4
ROWS = talk_rows(40, copies=5)


# The store alone, without a model


WIDTH = 3
COLUMNS = (
    store_module.COUNTED
    | store_module.NORM
    | store_module.SCORES
    | store_module.hidden_columns(WIDTH)
)


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
        *(f"{name}.npy" for name in ("features", *store_module.ALWAYS, *COLUMNS)),
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


# Whole runs


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A model, data, and the store that an undisturbed run makes of them."""
    place = tmp_path_factory.mktemp("store")
    save_model(place / "m")
    write_lines(place / "d.jsonl", ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        assert main(FEATURES) == 0
    (place / "s").rename(place / "reference")
    return place


@pytest.fixture
def folder(workplace, tmp_path, monkeypatch):
    """A working folder with that model and data."""
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(workplace / "m", here / "m")
    shutil.copy(workplace / "d.jsonl", here)
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return here


@pytest.fixture
def reference(workplace):
    return workplace / "reference"


@pytest.fixture
def store_there(folder, reference):
    shutil.copytree(reference, "s")
    return Path("s")


def refused(capsys, *arguments, code, says=()):
    """The command is refused with one message."""
    capsys.readouterr()
    assert main(arguments) == code
    err = capsys.readouterr().err
    assert err.count("error: ") == err.count("  fix: ") == 1, err
    assert "Traceback" not in err
    for word in says:
        assert word in err, err
    return err


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


# Other settings


def other_weights(model):
    def change(weights):
        name = sorted(weights)[0]
        weights[name] = weights[name] + 1e-3
        return weights

    edit_weights(model, change)


TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|im_end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
OTHER_SETTINGS = {
    "seed": (("--seed", "1"), "sketch.seed: 0 there, 1 now"),
    "rank": (("--rank", "8"), "sketch.rank: 4 there, 8 now"),
    "dimension": (("--dimension", "64"), "sketch.dimension: 32 there, 64 now"),
    "sketch": (("--sketch", "none"), "sketch.kind: 'fold' there, 'none' now"),
    "max-length": (("--max-length", "100"), "max_length: 128 there, 100 now"),
    "supervise": (("--supervise", "last"), "supervise: 'all' there, 'last' now"),
    "dtype": (("--model-dtype", "bfloat16"), "model_dtype: 'float32' there, 'bfloat16' now"),
    "targets": (("--targets", "all-linear"), "targets: 'attention' there, 'all-linear' now"),
    "template": (("--chat-template", "t.jinja"), "tokenizer: "),
}


@pytest.mark.parametrize("case", OTHER_SETTINGS)
def test_a_store_of_other_settings_is_refused_with_the_difference(store_there, capsys, case):
    flags, difference = OTHER_SETTINGS[case]
    Path("t.jinja").write_text(TEMPLATE)
    before = files_of(store_there)
    words = changed(FEATURES, *flags)
    err = refused(capsys, *words, code=2, says=("s: ", "other settings", difference))
    assert err.count(" there, ") == (case != "template") or case == "sketch", err
    assert files_of(store_there) == before


def test_a_store_of_a_model_with_other_weights_is_refused(store_there, capsys):
    other_weights(Path("m"))
    refused(capsys, *FEATURES, code=2, says=("other settings", "the weights or the configuration"))


def test_a_store_of_another_tokenizer_is_refused(store_there, capsys):
    """An end-of-turn token of another name gives other supervised tokens."""
    edit_json(Path("m/tokenizer_config.json"), eos_token="<|im_end|>")
    refused(capsys, *FEATURES, code=2, says=("other settings", "tokenizer"))


def test_a_model_that_only_moved_is_the_same_model(store_there, reference):
    Path("m").rename("elsewhere")
    assert main(changed(FEATURES, "--model", "elsewhere")) == 0
    assert same_store(store_there, reference)


@pytest.mark.parametrize(
    "flags",
    [("--batch-tokens", "9999"), ("--gradient-checkpointing",), ("--device", "cpu")],
    ids=["batch", "checkpointing", "device"],
)
def test_what_features_do_not_depend_on_may_change(store_there, reference, flags):
    assert main(changed(FEATURES, *flags)) == 0
    assert same_store(store_there, reference)


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


def test_fields_that_are_no_part_of_the_conversation_may_change(store_there, reference):
    write_lines(Path("d.jsonl"), [{**row, "rating": 3} for row in ROWS])
    assert main(FEATURES) == 0
    assert same_store(store_there, reference)


# Damage


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


# Full disks, and folders that may not be written


def test_a_disk_too_small_for_the_store_is_named_at_once(folder, reference):
    child = Child(*FEATURES, file_limit=1000)
    assert child.end() == 1
    assert "error: s: cannot write the feature store\n  why: File too large" in child.err
    assert "space" in child.err
    assert sorted(path.name for path in folder.iterdir()) == ["d.jsonl", "m"]
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


FULL = [
    Moment("pwrite", 60, -errno.ENOSPC),
    Moment("fsync", 9, -errno.ENOSPC),
    Moment("replace", 2, -errno.ENOSPC),  # the manifest, inside the writing
    Moment("replace", 4, -errno.ENOSPC),  # the manifest, last of all
]


@pytest.mark.parametrize("moment", FULL, ids=str)
def test_a_disk_that_is_full_while_writing_is_named_and_the_run_can_go_on(
    folder, reference, moment
):
    child = Child(*FEATURES, moment=moment)
    assert child.end() == 1, child.err
    assert "Traceback" not in child.err
    error = child.err.partition("error: ")[2].splitlines()
    assert error[0] == "s: cannot write the feature store"
    assert error[1] == "  why: No space left on device"
    assert "goes on" in error[2]
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


@pytest.fixture
def small_disk(folder):
    """A file system of 64 KiB."""
    disk = Path("disk").absolute()
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


ON_DISK = changed(FEATURES, "--out", "disk/s")


def test_a_full_disk_shows_at_the_start_and_leaves_nothing(small_disk, capsys, monkeypatch):
    """The space of all files is taken before the model runs."""
    from spanset.features import gradient

    monkeypatch.setattr(gradient, "capture_rows", None)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(50_000))
    refused(capsys, *ON_DISK, code=1, says=("disk/s: cannot write", "No space left"))
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_once_there_is_room_again_the_run_goes_on_to_the_same_bytes(small_disk, reference, capsys):
    from spanset.stores import making

    make_room, filler = making.create_store, small_disk / "filler"

    def fill_up(*arguments, **settings):
        store = make_room(*arguments, **settings)
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        return store

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "create_store", fill_up)
        err = refused(capsys, *ON_DISK, code=1, says=("No space left", "goes on"))
    assert "\\n" not in err, "one message inside another"
    filler.unlink()
    assert main(ON_DISK) == 0
    assert same_store(small_disk / "s", reference)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("exists", [False, True], ids=["new", "unfinished"])
def test_a_folder_that_may_not_be_written_is_put_down_to_permission(folder, exists):
    place = Path(tempfile.mkdtemp(prefix="spanset-store-", dir="/tmp"))  # open to other users
    try:
        shutil.copytree("m", place / "here/m")
        shutil.copy("d.jsonl", place / "here")
        os.chdir(place / "here")
        if exists:
            Child(*FEATURES, moment=Moment("pwrite", 100)).end()
        for one in (place, *place.rglob("*")):
            one.chmod(0o755 if one.is_dir() else 0o644)
        names = sorted(str(one) for one in place.rglob("*"))
        child = Child(*FEATURES, user=65534)
        code = child.end()
        assert code in (1, 2), child.err
        assert sorted(str(one) for one in place.rglob("*")) == sorted({*names, str(child.log)})
        assert "Traceback" not in child.err
        message = child.err.partition("error: ")[2]
        assert message.startswith("s: "), child.err
        assert "ermission" in message
        assert "space" not in message, "space is not what is lacking"
    finally:
        os.chdir(folder)
        shutil.rmtree(place)


def test_a_cache_that_cannot_be_written_is_an_error_like_any_other(folder, capsys, monkeypatch):
    Path("blocked").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("blocked").absolute()))
    words = ("select", "d.jsonl", "-k", "3", "--model", "m", *SMALL)
    refused(capsys, *words, code=1, says=("blocked",))
    assert not Path("spanset-run").exists()


def test_a_store_that_cannot_be_read_is_no_data_error_of_python(tmp_path):
    with pytest.raises(UsageError, match="no such feature store"):
        FeatureStore(tmp_path / "none")
    store = make_store(tmp_path / "s")
    (store.path / "tokens.npy").write_bytes(b"")
    with pytest.raises(DataError, match=r"tokens\.npy"):
        store.column("tokens")
