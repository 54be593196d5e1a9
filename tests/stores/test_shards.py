"""Shards: made apart and merged, they are the store that one run makes, byte for byte."""

import json
import shutil
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
    gradients_are_zero,
    same_store,
    save_model,
    talk_rows,
)

from spanset.base.errors import UsageError
from spanset.cli import main
from spanset.stores.shards import Shard
from spanset.stores.status import Status
from spanset.stores.store import FeatureStore

LONG = {"instruction": "a very long question " * 40, "output": "No."}
# Copies near and far, and rows that are cut before their answer, among them a copy.
ROWS = [*talk_rows(30), LONG, *talk_rows(10), {**LONG}, *talk_rows(36)[30:]]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A model, data, the store of one run, and both of two shards."""
    place = tmp_path_factory.mktemp("shards")
    save_model(place / "m")
    write_lines(place / "d.jsonl", ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for shard in (("--shard", "1/2"), ("--shard", "2/2"), ()):
            assert main([*FEATURES, *shard]) == 0
    return place


@pytest.fixture
def reference(workplace):
    return workplace / "s"


@pytest.fixture
def folder(workplace, tmp_path, monkeypatch):
    """A working folder with model, data, and the two shards."""
    for name in ("m", "s.1-of-2", "s.2-of-2"):
        shutil.copytree(workplace / name, tmp_path / name)
    shutil.copy(workplace / "d.jsonl", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *arguments, code=2, says=()):
    """The command is refused with one message, and leaves everything as it was."""
    before = {path.name: files_of(path) for path in Path().iterdir() if path.is_dir()}
    capsys.readouterr()
    assert main(arguments) == code
    err = capsys.readouterr().err
    assert err.startswith("error: "), err
    assert err.count("  fix: ") == 1, err
    for word in says:
        assert word in err, err
    assert {path.name: files_of(path) for path in Path().iterdir() if path.is_dir()} == before
    return err


def make(*shard, flags=()):
    assert main(changed((*FEATURES, "--shard", *shard), *flags) if flags else
                (*FEATURES, "--shard", *shard)) == 0  # fmt: skip


def test_two_shards_merged_are_the_bytes_of_one_run(folder, reference):
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), reference)


@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_shards_merged_are_the_bytes_of_one_run(folder, reference, count):
    for number in reversed(range(1, count + 1)):
        make(f"{number}/{count}")
    for name in ("s.1-of-2", "s.2-of-2"):
        shutil.rmtree(name)
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), reference)


def test_more_shards_than_batches_leave_some_without_rows(folder, reference):
    for name in ("s.1-of-2", "s.2-of-2"):
        shutil.rmtree(name)
    shutil.rmtree("m")
    shutil.copytree(reference.parent / "m", "m")
    batches = 6
    flags = ("--batch-tokens", "900")
    assert main(changed(FEATURES, *flags)) == 0
    Path("s").rename("whole")
    for number in range(1, batches + 1):
        make(f"{number}/{batches}", flags=flags)
    empty = [path for path in Path().glob("s.*") if not len(FeatureStore(path).column("features"))]
    assert empty, "there are as many batches as shards: the test shows nothing"
    assert all(FeatureStore(path).complete for path in empty)
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), Path("whole"))


def test_a_shard_holds_its_own_rows_and_their_copies_only(folder):
    stores = [FeatureStore(Path(f"s.{number}-of-2")) for number in (1, 2)]
    places = [store.place.tolist() for store in stores]
    assert not set(places[0]) & set(places[1])
    excluded = {30, 41}
    assert set(places[0]) | set(places[1]) == set(range(len(ROWS))) - excluded
    for store, place in zip(stores, places, strict=True):
        assert len(store.column("features")) == len(place)
        status = store.column("status")
        assert set(np.flatnonzero(status == Status.OK)) == set(place)
        assert set(np.flatnonzero(status == Status.NOT_SUPERVISED)) == excluded
        for row in place:
            if row < 10:
                assert row + 31 in place, "the copy of a row belongs to its shard"


def test_shards_take_every_nth_batch():
    assert [list(Shard(number, 3).own(8)) for number in (1, 2, 3)] == [
        [0, 3, 6],
        [1, 4, 7],
        [2, 5],
    ]


def test_a_killed_shard_goes_on_to_the_same_bytes(folder, reference):
    shutil.move("s.2-of-2", "undisturbed")
    child = Child(*FEATURES, "--shard", "2/2", moment=Moment("pwrite", 60))
    assert child.end() < 0, child.err
    make("2/2")
    assert same_store(Path("s.2-of-2"), Path("undisturbed"))


# Merging


def test_merging_keeps_the_shards(folder):
    before = [files_of(Path(f"s.{number}-of-2")) for number in (1, 2)]
    assert main(["merge", "s"]) == 0
    assert [files_of(Path(f"s.{number}-of-2")) for number in (1, 2)] == before


def test_no_shards_at_all_is_wrong_usage(folder, capsys):
    refused(capsys, "merge", "other", says=("other: there are no shards", "other.1-of-N"))


def test_a_missing_shard_is_named(folder, capsys):
    shutil.rmtree("s.2-of-2")
    refused(capsys, "merge", "s", says=("1 are missing", "s.2-of-2", "--shard 2/2"))


def test_an_unfinished_shard_is_named(folder, capsys):
    shutil.rmtree("s.2-of-2")
    Child(*FEATURES, "--shard", "2/2", moment=Moment("pwrite", 60)).end()
    refused(capsys, "merge", "s", says=("s.2-of-2: ", "not finished"))


def test_a_shard_of_other_settings_is_refused(folder, capsys):
    shutil.rmtree("s.2-of-2")
    make("2/2", flags=("--rank", "8"))
    refused(capsys, "merge", "s", says=("s.2-of-2", "sketch.rank"))


def test_a_shard_of_other_rows_is_refused(folder, capsys):
    shutil.rmtree("s.2-of-2")
    write_lines(Path("d.jsonl"), ROWS[:-1])
    make("2/2")
    refused(capsys, "merge", "s", says=("s.2-of-2", "other rows"))


def test_a_shard_of_another_plan_is_refused(folder, capsys):
    """Its batches are others: some rows would be in both shards, and others in none."""
    shutil.rmtree("s.2-of-2")
    make("2/2", flags=("--batch-tokens", "500"))
    refused(capsys, "merge", "s", says=("s.2-of-2", "batch_tokens"))


def test_shards_of_several_counts_are_refused(folder, capsys):
    make("1/3")
    refused(capsys, "merge", "s", says=("different runs", "s.1-of-3"))


def test_a_whole_store_by_the_name_of_a_shard_is_refused(folder, capsys):
    shutil.rmtree("s.2-of-2")
    assert main(changed(FEATURES, "--out", "s.2-of-2")) == 0
    refused(capsys, "merge", "s", says=("s.2-of-2",))


def test_a_shard_by_the_name_of_another_is_refused(folder, capsys):
    shutil.rmtree("s.2-of-2")
    shutil.copytree("s.1-of-2", "s.2-of-2")
    refused(capsys, "merge", "s", says=("s.2-of-2",))


def test_a_folder_by_the_name_of_a_shard_is_refused(folder, capsys):
    Path("s.3-of-2").mkdir()
    refused(capsys, "merge", "s", says=("s.3-of-2",))


@pytest.mark.parametrize("name", ["place.npy", "features.npy", "status.npy", "rows.npy"])
def test_a_damaged_shard_is_named(folder, capsys, name):
    Path("s.2-of-2", name).write_bytes(b"")
    refused(capsys, "merge", "s", code=1, says=("s.2-of-2", name))
    Path("s.2-of-2", name).unlink()
    refused(capsys, "merge", "s", code=1, says=("s.2-of-2", name))


def test_a_shard_of_another_format_is_named(folder, capsys):
    edit_json(Path("s.2-of-2/manifest.json"), format=99)
    refused(capsys, "merge", "s", code=1, says=("s.2-of-2", "format"))


def test_merging_onto_a_store_is_refused(folder, capsys):
    assert main(["merge", "s"]) == 0
    refused(capsys, "merge", "s", says=("s: the store exists",))


@pytest.mark.parametrize("name", ["s[1]", "s*", "s ö", "s.v2"])
def test_an_unusual_name_of_a_store_is_no_mistake(folder, reference, name):
    for number in (1, 2):
        shutil.copytree(f"s.{number}-of-2", f"{name}.{number}-of-2")
    assert main(["merge", name]) == 0
    assert same_store(Path(name), reference)


def test_the_shards_of_a_store_with_a_longer_name_are_not_taken(folder, reference):
    for number in (1, 2):
        shutil.copytree(f"s.{number}-of-2", f"s.v2.{number}-of-2")
    make("1/3", flags=("--out", "s.old"))
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), reference)


@pytest.mark.parametrize("moment", [Moment("rename", 1), Moment("pwrite", 20)], ids=str)
def test_a_killed_merge_leaves_nothing_that_passes_for_a_store(folder, reference, moment):
    """Of features that are not there yet no status may say that they are."""
    assert Child("merge", "s", moment=moment).end() < 0
    if Path("s").exists():
        store = FeatureStore(Path("s"))
        made = np.isin(store.column("status"), (Status.OK, Status.TRUNCATED))
        features = store.column("features")
        assert not store.complete
        assert (features[made] != 0).any(axis=1).all(), "a status without its features"


def test_a_killed_merge_can_be_run_again(folder, reference):
    assert Child("merge", "s", moment=Moment("pwrite", 20)).end() < 0
    assert main(["merge", "s"]) == 0
    assert same_store(Path("s"), reference)


def test_after_a_killed_merge_a_plain_run_makes_a_good_store(folder, reference, capsys):
    assert Child("merge", "s", moment=Moment("pwrite", 20)).end() < 0
    assert main(FEATURES) == 0
    for name in ("features", "status", "norm", "loss"):
        whole = FeatureStore(reference).column(name)
        assert np.array_equal(FeatureStore(Path("s")).column(name), whole), name


def test_a_merged_store_serves_a_selection(folder):
    assert main(["merge", "s"]) == 0
    words = ("select", "d.jsonl", "-k", "5", "--features", "store:s", "--draws", "0")
    assert main([*words, "--run", "run"]) == 0
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["rows"]["picked"] == 5


# The flag


@pytest.mark.parametrize(
    "shard", ["", "1", "/", "1/", "/2", "0/2", "3/2", "-1/2", "1/0", "1.0/2", "a/b", "1/2/3", "²/2"]
)
def test_a_shard_that_is_none_shows_how_to_write_one(folder, capsys, shard):
    err = refused(capsys, *FEATURES, f"--shard={shard}", says=(f"no shard {shard!r}",))
    assert err.startswith("error: --shard: ")
    assert "1/4" in err


@pytest.mark.parametrize("text", ["1/4", "4/4", "01/4"])
def test_a_shard_is_read(text):
    shard = Shard.parse(text)
    assert (shard.number, shard.count) == (int(text.partition("/")[0]), 4)
    assert shard.folder(Path("a/s")) == Path(f"a/s.{shard.number}-of-4")


def test_a_shard_given_to_a_selection_says_to_merge(folder, capsys):
    words = ("select", "d.jsonl", "-k", "3", "--features", "store:s.1-of-2")
    refused(capsys, *words, says=("shard 1 of 2", "spanset merge"))


def test_a_shard_whose_rows_are_all_unusable_does_not_stop_its_run(folder, monkeypatch):
    """Its rows may all have a gradient of zero, while those of other shards do not."""
    gradients_are_zero(monkeypatch)
    make("3/4")
    assert FeatureStore(Path("s.3-of-4")).complete


def test_merging_without_a_usable_name_is_refused(folder, capsys):
    for name in (".", ""):
        refused(capsys, "merge", name)


def test_shard_errors_are_usage_errors():
    with pytest.raises(UsageError):
        Shard.parse("2/1")
