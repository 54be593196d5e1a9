"""hf:// names: folders of `datasets` for real, the hub itself through a stand-in."""

from __future__ import annotations

import json
import sys
import warnings

import datasets
import pytest
from datasets.exceptions import DatasetNotFoundError as NotFound

from spanset.base.errors import DataError, MissingExtraError, SpansetError, UsageError
from spanset.data.containers import hub
from spanset.data.containers.hub import HubName
from spanset.data.reader import read

ROWS = [{"question": f"q{number}", "answer": f"a{number}"} for number in range(20)]
MADE = datasets.Dataset.from_list(ROWS)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What `datasets` builds goes to the test's own folder; the network is out of reach."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def on_hub(monkeypatch):
    """Put something on the hub; what it is asked for."""
    calls = []

    def put(found):
        def load_dataset(path, name=None, *, revision=None, split=None):
            calls.append((path, name, revision, split))
            if isinstance(found, Exception):
                raise found
            return found if split is None else found[split]

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)
        return calls

    return put


# Names


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("hf://org/name", ("org/name", None, None, None)),
        ("hf://name", ("name", None, None, None)),
        ("hf://org/name:train", ("org/name", None, None, "train")),
        ("hf://org/name/en@v1.0:test", ("org/name", "en", "v1.0", "test")),
        ("hf://org/name@refs/pr/1:train", ("org/name", None, "refs/pr/1", "train")),
        ("hf://org/name:train[:100]+test", ("org/name", None, None, "train[:100]+test")),
    ],
)  # fmt: skip
def test_names_fall_into_their_parts(name, parts):
    parsed = HubName.parse(name)
    assert (parsed.path, parsed.config, parsed.revision, parsed.split) == parts
    assert not parsed.is_folder


@pytest.mark.parametrize("name", ["hf://", "hf://a/b/c/d", "hf:///a", "hf://:train", "hf://a//b"])
def test_what_is_no_name_is_wrong_usage(name):
    with pytest.raises(UsageError, match="no name of a data set") as raised:
        read(name)
    assert "hf://org/name" in raised.value.fix


# The hub


def test_a_name_is_loaded_with_all_its_parts(on_hub):
    calls = on_hub({"train": MADE, "test": MADE.select([3])})
    data = read("hf://org/name/config@main:test")
    assert calls == [("org/name", "config", "main", "test")]
    assert list(data.rows()) == [ROWS[3]]
    assert data.where(0) == "hf://org/name/config@main:test:1"


def test_the_only_split_is_taken(on_hub):
    on_hub(datasets.DatasetDict(train=MADE))
    assert len(read("hf://org/name")) == 20


def test_several_splits_are_listed(on_hub):
    on_hub(datasets.DatasetDict(train=MADE, test=MADE))
    with pytest.raises(DataError, match="several splits") as raised:
        read("hf://org/name")
    assert raised.value.why == "splits: train, test"
    assert "hf://org/name:train" in raised.value.fix


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (NotFound("Dataset 'org/name' doesn't exist"), "exist", "hf auth login"),
        (NotFound("'org/name' is a gated dataset"), "gated", "ask for access"),
        (ConnectionError("Couldn't reach the Hub\nmore"), "Couldn't reach the Hub", "network"),
        (ValueError('Unknown split "tset".'), "Unknown split", "check the name"),
        (RuntimeError("Dataset scripts are no longer supported"), "scripts", "check the name"),
        (RuntimeError(), "RuntimeError", "check the name"),
    ],
)  # fmt: skip
def test_any_error_of_the_hub_is_one_of_ours(on_hub, error, said, fix):
    on_hub(error)
    with pytest.raises(DataError, match="cannot be loaded") as raised:
        read("hf://org/name")
    assert said in raised.value.why
    assert fix in raised.value.fix
    assert raised.value.where == "hf://org/name"


def test_without_a_network_the_real_call_ends_in_one_message(capfd):
    with pytest.raises(DataError, match="cannot be loaded"):
        read("hf://nobody/nothing-of-this-name")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="datasets") as raised:
        read("hf://org/name")
    assert "spanset[hub]" in raised.value.fix
    with pytest.raises(MissingExtraError):
        read(ROWS).to_datasets()


def test_bars_and_logs_are_as_before(on_hub):
    on_hub({"train": MADE})
    verbosity = datasets.utils.logging.get_verbosity()
    for enable in (datasets.enable_progress_bars, datasets.disable_progress_bars):
        enable()
        before = datasets.are_progress_bars_disabled()
        read("hf://org/name")
        assert datasets.are_progress_bars_disabled() is before
    datasets.enable_progress_bars()
    assert datasets.utils.logging.get_verbosity() == verbosity


# Folders


@pytest.mark.parametrize("name", ["hf://{}", "hf://{}:train"])
def test_a_saved_data_set_is_loaded_from_its_folder(tmp_path, capfd, name):
    MADE.shuffle(seed=0).save_to_disk(tmp_path / "saved")
    capfd.readouterr()
    data = read(name.format(tmp_path / "saved"))
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert list(data.rows()) == MADE.shuffle(seed=0).to_list()
    assert data.sources[0].path == str(tmp_path / "saved")


def test_a_saved_dict_needs_its_split(tmp_path):
    datasets.DatasetDict(train=MADE, test=MADE.select([1])).save_to_disk(tmp_path / "saved")
    assert len(read(f"hf://{tmp_path / 'saved'}:test")) == 1
    for name in (f"hf://{tmp_path / 'saved'}", f"hf://{tmp_path / 'saved'}:other"):
        with pytest.raises(DataError) as raised:
            read(name)
        assert raised.value.why == "splits: train, test"
        assert raised.value.fix == f"name one: hf://{tmp_path / 'saved'}:train"


def test_a_folder_of_files_is_loaded_as_datasets_loads_it(tmp_path, capfd):
    folder = tmp_path / "a:b@c"  # a folder that is there goes before the parts of a name
    folder.mkdir()
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read(f"hf://{folder}")
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert list(data.rows()) == ROWS


def test_an_empty_folder_is_an_error_in_words(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(SpansetError, match="cannot be loaded"):
        read(f"hf://{tmp_path / 'none'}")


def test_a_folder_without_hf_is_refused_with_the_way_to_read_it(tmp_path):
    MADE.save_to_disk(tmp_path / "saved")
    with pytest.raises(DataError, match="folder") as raised:
        read(tmp_path / "saved")
    assert f"hf://{tmp_path / 'saved'}" in raised.value.fix


def test_the_same_data_twice_is_refused_however_it_is_named(tmp_path, on_hub, monkeypatch):
    MADE.save_to_disk(tmp_path / "saved")
    monkeypatch.chdir(tmp_path)
    on_hub({"train": MADE, "test": MADE})
    for names in (["hf://saved", f"hf://{tmp_path}/saved"], ["hf://org/name:train"] * 2):
        with pytest.raises(UsageError, match="twice"):
            read(names)
    assert len(read(["hf://org/name:train", "hf://org/name:test"])) == 40
    assert hub.identity("hf://org/name") != hub.identity("hf://org/name:train")


def test_subset_of_the_hub_is_parquet_by_nature(on_hub, tmp_path):
    from spanset.data.writing.row_files import natural_container

    on_hub({"train": MADE})
    assert natural_container(read("hf://org/name")) == ".parquet"
