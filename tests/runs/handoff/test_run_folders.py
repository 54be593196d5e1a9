"""What a finished selection leaves for trainers in its run folder."""

import hashlib
import json
import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines

from spanset.cli import main

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
datasets = pytest.importorskip("datasets", reason="the extra `hub` is not installed")

FILES = {"README.md", "train_trl.py", "train_axolotl.yaml", "dataset_info.json"} | {
    "train_ms_swift.sh"
}


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Rows and an array of features, in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    write_lines(Path("rows.jsonl"), make_rows(60))
    np.save("x.npy", np.random.default_rng(0).normal(size=(60, 8)))


def select(*more, rows="rows.jsonl"):
    assert main(["select", rows, "--features", "array:x.npy", *more]) == 0


def front_of(card):
    """The hub's part of a card."""
    _, front, _ = Path(card).read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front)


def test_all_is_written_and_covered_by_the_manifest():
    select("-k", "10", "--run", "run", "--by", "topic")
    manifest = json.loads(Path("run/manifest.json").read_text())
    for name in FILES:
        found = hashlib.sha256((Path("run") / name).read_bytes()).hexdigest()
        assert manifest["files"][name] == found


def test_equal_runs_give_equal_bytes():
    select("-k", "10", "--run", "run")
    before = {name: (Path("run") / name).read_bytes() for name in FILES}
    select("-k", "10", "--run", "run", "--force")
    assert before == {name: (Path("run") / name).read_bytes() for name in FILES}


@pytest.mark.parametrize("output", ["best.jsonl", "sub/best.parquet", "absolute"])
def test_a_subset_elsewhere_is_found_from_the_run_folder(output, tmp_path):
    Path("sub").mkdir()
    output = str(tmp_path / "best.jsonl") if output == "absolute" else output
    select("-k", "10", "-o", output, "--run", "sub/run")
    rows = runpy.run_path("sub/run/train_trl.py", run_name="script")["load"]()
    assert len(rows) == 10
    (entry,) = yaml.safe_load(Path("sub/run/train_axolotl.yaml").read_text())["datasets"]
    assert (Path("sub/run") / entry["path"]).samefile(output)
    info = json.loads(Path("sub/run/dataset_info.json").read_text())
    assert (Path("sub/run") / info["subset"]["file_name"]).samefile(output)


def test_several_sizes_have_an_entry_each():
    select("-k", "5,10", "--run", "run")
    info = json.loads(Path("run/dataset_info.json").read_text())
    assert {name: one["file_name"] for name, one in info.items()} == {
        "subset_5": "subset-5.jsonl",
        "subset_10": "subset-10.jsonl",
    }
    front = front_of("run/README.md")
    assert [one["config_name"] for one in front["configs"]] == ["10", "5"]
    script = runpy.run_path("run/train_trl.py", run_name="script")
    assert len(script["load"]()) == 10
    assert len(script["load"]("subset-5.jsonl")) == 5


def test_the_card_loads_as_a_data_set_and_tells_where_rows_come_from():
    select("-k", "10", "--run", "run", "--by", "topic", "--quality", "column:rating")
    rows = datasets.load_dataset("run", split="train")
    assert len(rows) == 10
    front = front_of("run/README.md")
    assert front["license"] == "unknown"
    assert front["size_categories"] == ["n<1K"]
    text = Path("run/README.md").read_text()
    manifest = json.loads(Path("run/manifest.json").read_text())
    assert manifest["inputs"][0]["sha256"] in text
    assert "| lambda | 0.1 |" in text
    assert "column:rating" in text
    assert "| picked 10 | 10 |" in text


def test_no_name_gets_out_of_the_card():
    name = "a`b`\n# <b>|[x](y)|.jsonl"
    Path(name).write_bytes(Path("rows.jsonl").read_bytes())
    select("-k", "10", "--run", "run", rows=name)
    text = Path("run/README.md").read_text()
    assert "\n# <b>" not in text
    assert "<b>" not in text
    lines = [line for line in text.splitlines() if "&lt;b&gt;" in line]
    assert lines
    assert all(r"\[x\]\(y\)\|" in line and r"a\`b\`" in line for line in lines)


def test_a_name_that_is_no_text_is_found_again():
    name = os.fsdecode(b"best\xff.jsonl")
    select("-k", "10", "-o", name, "--run", "run")
    rows = runpy.run_path("run/train_trl.py", run_name="script")["load"]()
    assert len(rows) == 10
    assert b"./../best\xff.jsonl" in Path("run/train_ms_swift.sh").read_bytes()
    assert json.loads(Path("run/dataset_info.json").read_text())["subset"]["file_name"] == (
        f"../{name}"
    )


def test_what_goes_into_a_stream_is_handed_to_nobody(capsysbinary):
    select("-k", "10", "-o", "-", "--run", "run")
    assert not FILES & {path.name for path in Path("run").iterdir()}
    select("-k", "10", "-o", "-")
    assert not FILES & {path.name for path in Path().iterdir()}


def test_rows_that_no_trainer_takes_leave_the_card_that_says_why():
    exchange = {"input": "Name a fruit, please.", "output": "An apple."}
    rows = [{"conversation": [{**exchange, "input": f"Say {i} to me."}]} for i in range(60)]
    write_lines(Path("turns.jsonl"), rows)
    select("-k", "10", "--run", "run", rows="turns.jsonl")
    assert FILES & {path.name for path in Path("run").iterdir()} == {"README.md"}
    assert Path("run/README.md").read_text().count("To use it, add --to messages.") == 4
    select("-k", "10", "--run", "run", "--force", "--to", "messages", rows="turns.jsonl")
    assert {path.name for path in Path("run").iterdir()} >= FILES
