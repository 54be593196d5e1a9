"""ms-swift: its own loader, given the command's arguments, gives the turns that spanset reads."""

import json
import shlex
import subprocess

import pytest
from tests.conftest import make_rows
from tests.runs.handoff.handed import UNEVEN, Training, handed
from tests.runs.handoff.test_trl import HOSTILE

from spanset.config.settings import DataConfig
from spanset.data.formats.examples import EXAMPLES


def arguments(found):
    """What the shell hands to `swift`, as the shell parts it."""
    path = found.written("ms-swift")
    (found.folder / "swift").write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    (found.folder / "swift").chmod(0o755)
    said = subprocess.run(
        ["sh", str(path)],
        env={"PATH": f"{found.folder}:/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    return said.stdout.decode(errors="surrogateescape").split("\0")[:-1]


def option(given, name):
    return given[given.index(name) + 1] if name in given else None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_its_loader_reads_what_spanset_reads(tmp_path, example, to, monkeypatch):
    pytest.importorskip("swift.dataset", reason="ms-swift is not installed")
    found = handed(tmp_path, [example.row] * 2, to=to)
    if not found.stanzas["ms-swift"].text:
        assert found.stanzas["ms-swift"].fix
        return
    row = loaded(found, monkeypatch)[0]
    said = [(one["role"], one["content"]) for one in row["messages"]]
    expected = found.said()[0]
    if example.format == "preference":
        rejected = row.get("rejected_response") or row["rejected_messages"][-1]["content"]
        assert rejected == "Carrot."
    if example.format == "kto":
        assert row["label"] == example.row["label"]
    if any("weather" in text for _, text in expected):
        assert said[-1] == expected[-1]
        assert any(role == "tool_call" for role, _ in said)
    else:
        assert said == expected


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".arrow"])
def test_every_container_loads(tmp_path, suffix, monkeypatch):
    pytest.importorskip("swift.dataset", reason="ms-swift is not installed")
    found = handed(tmp_path, make_rows(5), name=f"subset{suffix}")
    rows = loaded(found, monkeypatch)
    said = [[(one["role"], one["content"]) for one in row["messages"]] for row in rows]
    assert said == found.said()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("case", UNEVEN)
def test_rows_without_some_fields_load(tmp_path, case, suffix, monkeypatch):
    pytest.importorskip("swift.dataset", reason="ms-swift is not installed")
    found = handed(tmp_path, UNEVEN[case], name=f"subset{suffix}")
    rows = loaded(found, monkeypatch)
    said = [[(one["role"], one["content"]) for one in row["messages"]] for row in rows]
    assert said == found.said()


def loaded(found, monkeypatch):
    from swift.dataset import load_dataset

    given = arguments(found)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(found.folder / "cache"))
    monkeypatch.chdir(found.folder)
    columns = json.loads(option(given, "--columns") or "{}")
    rows, _ = load_dataset(option(given, "--dataset"), columns=columns, strict=True)
    return rows


@pytest.mark.parametrize("name", [name for name in HOSTILE if "*" not in name])
def test_no_name_gets_out_of_its_quotes(tmp_path, name):
    field = 'it\'s "a"\n$(x) `y` \\'
    rows = [{field: "Why is it so?", "say": "Because it is."}] * 2
    found = handed(tmp_path, rows, name=name, reading=DataConfig(map=f"prompt={field},answer=say"))
    given = arguments(found)
    assert option(given, "--dataset") == f"./{name}"
    assert json.loads(option(given, "--columns")) == {field: "query", "say": "response"}


def test_a_name_that_would_be_a_pattern_is_refused(tmp_path):
    found = handed(tmp_path, make_rows(2), name="[1]*?.jsonl")
    for trainer in ("axolotl", "LLaMA-Factory", "ms-swift"):
        assert "pattern" in found.stanzas[trainer].why


def test_the_command_says_what_the_run_said(tmp_path):
    training = Training("org/it's", 99, "last")
    given = arguments(handed(tmp_path, make_rows(2), training=training))
    assert given[0] == "sft"
    assert option(given, "--model") == "org/it's"
    assert option(given, "--max_length") == "99"
    assert option(given, "--loss_scale") == "last_round"
    assert shlex.join(given)


def test_columns_that_would_be_mistaken_are_refused(tmp_path):
    rows = [{"prompt": "a b", "completion": "c d", "response": None}] * 2
    assert "another column" in handed(tmp_path, rows).stanzas["ms-swift"].why
