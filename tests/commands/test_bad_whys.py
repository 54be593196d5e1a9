"""What `spanset why` cannot answer: runs that are none, that changed, or lost what they need."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.commands.refusals import ARRAY, FEATURES, PICK, make_run, write_rows

from spanset.base.file_digest import sha256_of


def edit_manifest(**changes):
    path = Path("run/manifest.json")
    manifest = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del manifest[key]
        else:
            manifest[key] = value
    path.write_text(json.dumps(manifest))


def agree(name):
    """Let the manifest have the digest that a file has now."""
    files = json.loads(Path("run/manifest.json").read_text())["files"]
    edit_manifest(files={**files, name: sha256_of(Path("run", name))})


@pytest.fixture
def run(spanset):
    make_run(spanset, "--run", "run")
    return spanset


def refuses(run, **message):
    return run.refuses("why", "run", "0", **message)


def test_the_control_answers(run):
    ended = run.run("why", "run", "0")
    assert (ended.code, ended.err) == (0, "")


def test_what_is_no_run_folder_is_refused(spanset):
    Path("folder").mkdir()
    spanset.refuses("why", "folder", "0", code=2, where="folder", says=("manifest.json",))
    spanset.refuses("why", "nothing", "0", code=2, where="nothing", says=("no folder",))
    spanset.refuses("why", "d.jsonl", "0", code=2, where="d.jsonl", fix="--run")


def test_a_row_has_to_be_named_and_there(run):
    run.refuses("why", "run", code=2, where="ROW", fix="FILE:LINE")
    run.refuses("why", "run", "8", code=2, where="ROW", says=("no row 8", "0 to 7"))
    run.refuses("why", "run", "0", "--lambdas", "2", code=2, where="--lambdas", fix="0:1:0.1")


def test_an_interrupted_run_is_refused(run):
    edit_manifest(complete=False)
    refuses(run, code=1, where="run", says=("interrupted",), fix="--config run/config.toml")


@pytest.mark.parametrize("key", ["versions", "inputs", "kernel", "files", "complete", "rows"])
def test_a_manifest_of_another_form_is_refused_with_both_versions(run, key):
    edit_manifest(**{key: None})
    refuses(run, code=1, where="manifest.json", says=(key, "this is"), fix="version")


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel": {"name": "magic", "normalize": True}},
        {"kernel": {"name": "rbf"}},
        {"kernel": {"name": "rbf", "gamma": "x", "normalize": True}},
        {"kernel": {"name": "linear", "gamma": 1.0, "normalize": True}},
        {"inputs": [3]},
        {"inputs": [{"name": "d.jsonl"}]},
        {"complete": "yes"},
    ],
)
def test_a_manifest_with_other_values_is_refused(run, changes):
    edit_manifest(**changes)
    refuses(run, code=1, where="manifest.json", says=("this is",))


@pytest.mark.parametrize("text", ["{", "[]", "null", "\x00", "[" * 100_000])
def test_a_manifest_that_is_no_object_is_refused(run, text):
    Path("run/manifest.json").write_text(text)
    refuses(run, code=1, where="manifest.json")


@pytest.mark.parametrize("name", ["config.toml", "selection.parquet"])
def test_a_file_of_the_folder_that_was_changed_or_lost_is_named(run, name):
    path = Path("run", name)
    path.write_bytes(path.read_bytes() + b"\n")
    refuses(run, code=1, where=f"run/{name}", says=("changed",), fix="--force")
    path.unlink()
    code = 1 if name == "selection.parquet" else 2
    refuses(run, code=code, where="run", says=("",))


def test_settings_and_selections_of_another_version_are_refused(run):
    config = Path("run/config.toml")
    before = config.read_text()
    config.write_text(before + "wings = 2\n")
    agree("config.toml")
    refuses(run, code=1, where="config.toml", says=("wings",))
    config.write_text(before)
    agree("config.toml")
    for content in (b"none", None):
        if content is None:
            pq.write_table(pa.table({"row": [0]}), "run/selection.parquet")
        else:
            Path("run/selection.parquet").write_bytes(content)
        agree("selection.parquet")
        refuses(run, code=1, where="selection.parquet", says=("columns",))


def test_an_input_that_changed_or_is_gone_is_named(run):
    rows = Path("d.jsonl").read_bytes()
    Path("d.jsonl").write_bytes(rows + b"{broken")
    refuses(run, code=1, where="d.jsonl", says=("not what it was",))
    Path("d.jsonl").unlink()
    refuses(run, code=1, where="d.jsonl", says=("started in",), fix="put the file back")


def test_another_file_that_a_pattern_finds_now_is_named(spanset):
    write_rows("e1.jsonl", [{"instruction": f"Say {i}", "output": "yes"} for i in range(6)])
    ended = spanset.run("select", "e*.jsonl", "-k", "2", "--run", "run", "--draws", "0")
    assert ended.code == 0
    shutil.copy("d.jsonl", "e2.jsonl")
    refuses(spanset, code=1, where="e2.jsonl", says=("not what it was",))


def test_standard_input_cannot_be_read_again(run):
    config = Path("run/config.toml")
    config.write_text(config.read_text().replace('"d.jsonl"', '"-"'))
    agree("config.toml")
    refuses(run, code=2, where="run", says=("standard input",), fix="into a file")


def test_an_array_that_is_gone_or_another_is_refused(run):
    Path("x.npy").unlink()
    refuses(run, code=1, where="x.npy", says=("no such file",))
    np.save("x.npy", FEATURES[:5])
    refuses(run, code=1, where="x.npy", says=("5 rows",))
    np.save("x.npy", FEATURES[::-1])
    refuses(run, code=1, where="run", says=("had a gain of", "now"), fix="array")
    np.save("x.npy", np.ones_like(FEATURES))
    refuses(run, code=1, where="features", says=("repeat each other",), fix="array")


def test_given_rows_that_changed_show_in_the_gains(spanset):
    np.save("g.npy", FEATURES[:2] + 0.5)
    make_run(spanset, "--run", "run", "--given", "g.npy")
    assert spanset.run("why", "run", "3").code == 0
    np.save("g.npy", FEATURES[5:7] + 0.5)
    refuses(spanset, code=1, where="run", says=("given rows", "had a gain of"))
    np.save("g.npy", FEATURES)
    refuses(spanset, code=1, where="features", says=("repeat each other, or given rows",))


def test_a_store_that_is_gone_is_refused(spanset):
    words = ("d.jsonl", "--features", "lexical")
    assert spanset.run("features", *words, "--out", "store").code == 0
    words = ("d.jsonl", "-k", "3", "--features", "store:store", "--run", "run", "--draws", "0")
    assert spanset.run("select", *words).code == 0
    assert spanset.run("why", "run", "0").code == 0
    shutil.rmtree("store")
    refuses(spanset, code=2, where="store")


def test_rows_left_out_while_reading_are_told_with_the_reason(spanset):
    lines = Path("d.jsonl").read_bytes().splitlines()
    lines[2] = b'{"instruction": "x"'
    Path("d.jsonl").write_bytes(b"\n".join(lines))
    assert spanset.run(*PICK, *ARRAY, "--on-bad-row", "skip", "--run", "run").code == 0
    for row in ("2", "d.jsonl:3"):
        says = ("no candidate", "malformed")
        spanset.refuses("why", "run", row, code=1, where="d.jsonl:3", says=says)
