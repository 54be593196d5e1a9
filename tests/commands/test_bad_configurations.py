"""Configuration files: what is wrong in one is named with its key, nothing is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.refusals import ARRAY, PICK, make_run


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"[select\nk = 3", "line 1", id="invalid"),
        pytest.param(b"\xff\xfe", "utf-8", id="not-utf8"),
        pytest.param(b"[select]\nk = 3\nk = 4", "overwrite", id="key-twice"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_with_the_reason(spanset, content, says):
    if content is not None:
        Path("run.toml").write_bytes(content)
    command = (*PICK, "--config", "run.toml")
    spanset.refuses(*command, code=2, where="run.toml: ", says=(says,), fix="config.toml")


def test_a_folder_in_place_of_a_configuration_is_refused(spanset):
    Path("folder").mkdir()
    spanset.refuses(*PICK, "--config", "folder", code=2, where="folder: ", says=("directory",))


@pytest.mark.parametrize("flag", [("--config",), ("--config=",)])
def test_config_without_a_file_is_refused(spanset, flag):
    spanset.refuses(*PICK, *flag, code=2, where="--config")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("[select]\nlamda = 0.5", "lamda", id="in-its-section"),
        pytest.param("lambda = 0.5", "lambda", id="outside-any-section"),
        pytest.param("[selekt]\ngamma = 0.5", "selekt", id="section"),
        pytest.param("[select.data]\nx = 1", "x", id="nested"),
    ],
)
def test_an_unknown_key_of_a_configuration_is_named_and_never_ignored(spanset, content, named):
    Path("run.toml").write_text(content)
    spanset.refuses(*PICK, *ARRAY, "--config", "run.toml", code=2, where=named, says=("run.toml",))


@pytest.mark.parametrize(
    "content",
    ["gamma = [1, 2]", "gamma = {a = 1}", "kernel = 'magic'", "seed = true",
     "lambda = 1979-05-27", "sort = 3"],
)  # fmt: skip
def test_a_configured_value_that_does_not_fit_is_named_with_key_and_file(spanset, content):
    Path("run.toml").write_text(f"[select]\n{content}\n")
    command = (*PICK, *ARRAY, "--config", "run.toml")
    spanset.refuses(*command, code=2, where=content.partition(" ")[0], says=("run.toml",))


def test_a_configured_method_that_is_none_is_named_with_those_there_are(spanset):
    Path("run.toml").write_text("[select]\nmethod = 'magic'\n")
    command = (*PICK, *ARRAY, "--config", "run.toml")
    spanset.refuses(*command, code=2, where="--method", says=("magic",), fix="dpp, random, top")


def test_a_run_folders_own_configuration_can_be_fed_back(spanset):
    """The fix that the messages above propose has to work."""
    make_run(spanset, "--run", "r")
    ended = spanset.run("select", "--config", "r/config.toml", "--run", "again")
    assert (ended.code, ended.err) == (0, "")
    assert Path("again/ids.txt").read_bytes() == Path("r/ids.txt").read_bytes()


def test_what_follows_a_configuration_given_with_a_mark_is_kept(spanset):
    make_run(spanset, "--run", "r")
    ended = spanset.run("select", "--config=r/config.toml", "-k", "2", "--run", "again")
    assert (ended.code, ended.err) == (0, "")
    assert len(Path("again/ids.txt").read_text().split()) == 2
