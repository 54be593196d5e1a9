"""Nothing that exists is overwritten, and a target that cannot be written is named first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.commands.refusals import ARRAY, PICK, check_message, make_run


@pytest.mark.parametrize(
    "output", [("-o", "kept.jsonl"), ("-o", "kept.jsonl", "--run", "new")], ids=["alone", "run"]
)
def test_an_output_that_exists_is_left_unchanged(spanset, output):
    Path("kept.jsonl").write_text("precious\n")
    spanset.refuses(*PICK, *ARRAY, *output, code=2, where="kept.jsonl: ", fix="--force")


def test_of_several_outputs_one_that_exists_stops_the_run(spanset):
    Path("kept-3.jsonl").write_text("precious\n")
    command = ("select", "d.jsonl", "-k", "2,3", *ARRAY, "-o", "kept.jsonl")
    spanset.refuses(*command, code=2, where="kept-3.jsonl: ", fix="--force")


@pytest.mark.parametrize("where", [(), ("--run", "r"), ("-o", "r.jsonl")])
def test_a_run_folder_that_exists_is_left_unchanged(spanset, where):
    make_run(spanset, *where)
    Path("r.jsonl").unlink(missing_ok=True)
    spanset.refuses(*PICK, *ARRAY, *where, code=2, says=("exists",), fix="--force")


@pytest.mark.parametrize("where", [("--run", "precious"), ("-o", "precious.jsonl", "--run", ".")])
def test_force_never_replaces_a_folder_that_is_no_run_folder(spanset, where):
    Path("precious").mkdir()
    Path("precious", "thesis.txt").write_text("five years of work")
    command = (*PICK, *ARRAY, *where, "--force")
    spanset.refuses(*command, code=2, says=("no run folder",), fix="--run")


def test_force_never_replaces_a_file_by_a_run_folder(spanset):
    Path("precious").write_text("five years of work")
    spanset.refuses(*PICK, *ARRAY, "--run", "precious", "--force", code=2, where="precious: ")


@pytest.mark.parametrize("output", ["out", "out.txt", "out.jsonl.bz2", "out.jsonl/", ".gz"])
def test_an_unknown_suffix_is_answered_with_the_known_ones(spanset, output):
    command = (*PICK, *ARRAY, "-o", output)
    spanset.refuses(*command, code=2, where=f"{output}: ", says=("suffix",), fix=".jsonl")


@pytest.mark.parametrize("flag", ["-o", "--run"])
def test_an_empty_name_of_a_target_is_refused_with_its_flag(spanset, flag):
    spanset.refuses(*PICK, *ARRAY, flag, "", code=2, where=flag)  # "--output" holds "-o"


@pytest.mark.parametrize(
    ("where", "named"),
    [
        (("-o", "none/out.jsonl"), "none/out.jsonl"),
        (("-o", "d.jsonl/out.jsonl"), "d.jsonl/out.jsonl"),
        (("--run", "none/run"), "none/run"),
        (("-o", "out.jsonl", "--run", "none/run"), "none/run"),
    ],
)
def test_a_missing_folder_to_write_into_is_named(spanset, where, named):
    command = (*PICK, *ARRAY, *where)
    spanset.refuses(*command, code=2, where=f"{named}: ", says=("does not exist",), fix="mkdir")


def test_an_output_that_is_a_folder_is_refused(spanset):
    Path("out.jsonl").mkdir()
    spanset.refuses(*PICK, *ARRAY, "-o", "out.jsonl", code=2, where="out.jsonl: ", fix="file")


@pytest.mark.parametrize(
    "where", [("-o", "a" * 300 + ".jsonl"), ("--run", "a" * 300)], ids=["output", "run"]
)
def test_a_target_name_that_is_too_long_is_no_traceback(spanset, where):
    ended = spanset.run(*PICK, *ARRAY, *where)
    assert ended.code in (1, 2)
    check_message(ended.err, where="a" * 300)


def test_one_name_for_output_and_run_folder_is_refused(spanset):
    command = (*PICK, *ARRAY, "-o", "same.jsonl", "--run", "same.jsonl")
    spanset.refuses(*command, code=2, where="same.jsonl")


def test_force_never_loses_a_subset_written_into_the_folder_it_replaces(spanset):
    make_run(spanset, "--run", "r")
    ended = spanset.run(*PICK, *ARRAY, "-o", "r/out.jsonl", "--run", "r", "--force")
    if ended.code == 0:
        assert Path("r/out.jsonl").is_file(), "the run says it wrote a file that is not there"
    else:
        check_message(ended.err)


@pytest.mark.parametrize("where", [("--run", "r"), ("-o", "r/subset.jsonl", "--run", "new")])
def test_force_never_destroys_the_input(spanset, where):
    """A subset of a subset, written over it: the rows that were not picked would be lost."""
    make_run(spanset, "--run", "r")
    data = Path("r/subset.jsonl")
    before = data.read_bytes()
    ended = spanset.run("select", str(data), "-k", "2", "--method", "random", *where, "--force")
    assert ended.code == 2, "the input was replaced or removed"
    check_message(ended.err, says=("r",))
    assert data.read_bytes() == before


def test_several_subsets_in_one_stream_are_refused(spanset):
    os.mkfifo("pipe")
    for target in ("--output=-", "--output=pipe"):
        command = ("select", "d.jsonl", "-k", "2,3", *ARRAY, target)
        spanset.refuses(*command, code=2, where=target.partition("=")[2])
