"""Flags, names and commands that are unknown or do not go together, found before any work."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.commands.refusals import ARRAY, FEATURES, PICK, check_message, snapshot


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        (("--gamma", "auto"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:-5"), "--gamma: ", "auto:1000"),
        (("--gamma", "auto:1.5"), "--gamma: ", "auto:1000"),
        (("--gamma", "autos"), "--gamma: ", "auto:1000"),
        (("--gamma", "0.25", "--kernel", "linear"), "--gamma: ", "linear has no gamma"),
        (("--gamma", "auto:3", "--kernel", "arccos1"), "--gamma: ", "arccos1 has no gamma"),
        (("--kernel", "arccos0", "--dtype", "float32"), "--dtype: ", "float64"),
        (("--gamma", "auto:100000"), "--gamma: ", "distinct"),
        (("--gamma", "1e13"), "--gamma: ", "too large"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_kernel_that_cannot_be_meant_is_refused_in_one_message(spanset, words, where, says):
    spanset.refuses(*PICK, *ARRAY, *words, code=2, where=where, says=(says,))


@pytest.mark.parametrize(
    ("flag", "value", "known"),
    [
        ("--quality", "beauty", "output_tokens"),
        ("--quality", "column:", "column:NAME"),
        ("--features", "colour", "lexical"),
        ("--features", "array:", "array:FILE.npy"),
        ("--features", "lexical:x", "lexical"),
        ("--method", "magic", "dpp"),
        ("--transform", "sqrt", "quantile"),
        ("--kernel", "sinc", "arccos1"),
        ("--format", "parquet", "sharegpt"),
        ("--dtype", "float16", "float32"),
        ("--sort", "size", "source"),
        ("--on-bad-row", "mend", "skip"),
        ("--on-empty", "mend", "skip"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(spanset, flag, value, known):
    features = () if flag == "--features" else ARRAY
    spanset.refuses(*PICK, *features, flag, value, code=2, where=flag, says=(known, value))


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        pytest.param((*PICK, "--frobnicate"), "--frobnicate", id="flag"),
        pytest.param((*PICK, "--frobnicate", "1"), "--frobnicate", id="flag-with-value"),
        pytest.param((*PICK, "-z"), "-z", id="letter"),
        pytest.param(("show", "d.jsonl", "--frobnicate"), "--frobnicate", id="flag-of-show"),
        pytest.param(("--frobnicate",), "--frobnicate", id="flag-without-command"),
        pytest.param(("choose", "d.jsonl"), '"choose"', id="command"),
        pytest.param(("select", "d.jsonl", "-k"), "-k", id="value-missing"),
    ],
)
def test_an_unknown_flag_or_command_is_named(spanset, arguments, where):
    spanset.refuses(*arguments, code=2, where=where, fix="--help")


def test_top_without_a_quality_is_refused(spanset):
    spanset.refuses(*PICK, "--method", "top", code=2, where="--method top: ", fix="--quality")


def test_a_field_for_shares_that_no_row_has_is_refused(spanset):
    command = (*PICK, *ARRAY, "--by", "categroy")
    before = snapshot(Path())
    ended = spanset.run(*command)
    assert ended.code in (1, 2), "a misspelt field is shown as '(missing) 100 %'"
    check_message(ended.err, says=("categroy",))
    assert snapshot(Path()) == before


WRONG_USAGE = [
    (("--quality", "beauty"), "--quality"),
    (("--features", "colour"), "--features"),
    (("--lambda", "2", "--quality", "output_tokens"), "--lambda"),
    (("--lambda", "0.5"), "--lambda"),
    (("--gamma", "0"), "--gamma"),
    (("--gamma", "auto:0"), "--gamma"),
    (("--gamma", "auto:100", "--kernel", "cosine"), "--gamma"),
    (("--kernel", "arccos0", "--dtype", "float32"), "--dtype"),
    (("--tokens", "lots"), "--tokens"),
    (("--method", "top"), "--method"),
    (("--map", "prompt"), "--map"),
    (("--format", "parquet"), "--format"),
    (("-o", "x.txt"), "x.txt"),
    (("-o", "none/x.jsonl"), "none/x.jsonl"),
    (("-k", "0"), "-k"),
    (("-k", "abc"), "-k"),
]


@pytest.mark.parametrize(
    ("wrong", "where"), [pytest.param(*one, id=" ".join(one[0])) for one in WRONG_USAGE]
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_wrong_usage_is_found_before_the_data_is_opened(spanset, wrong, where, dry):
    """Reading ten million rows takes minutes; here the data is missing, and must not matter."""
    amount = () if wrong[0] == "-k" else ("-k", "3")
    spanset.refuses("select", "none.jsonl", *amount, *wrong, *dry, code=2, where=where)


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        (("--given", "none.jsonl"), 1, "none.jsonl"),
        (("--features", "array:none.npy"), 1, "none.npy"),
        (("--features", "array:short.npy"), 1, "short.npy"),
        (("-o", "d.jsonl"), 2, "d.jsonl"),
    ],
    ids=["given", "array", "rows-of-the-array", "output"],
)
def test_a_dry_run_finds_what_the_run_would_refuse(spanset, wrong, code, where):
    np.save("short.npy", FEATURES[:5])
    spanset.refuses(*PICK, *wrong, "--dry-run", code=code, where=where)


def test_a_tokenizer_without_the_extra_names_what_to_install(spanset, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    command = (*PICK, *ARRAY, "--tokenizer", "some-model")
    spanset.refuses(*command, code=2, says=("transformers",), fix="spanset[models]")


@pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)
@pytest.mark.parametrize("name", ["/none/such", "folder"])
def test_a_tokenizer_that_cannot_be_loaded_is_named(spanset, monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    Path("folder").mkdir()
    command = (*PICK, *ARRAY, "--tokenizer", name)
    spanset.refuses(*command, code=2, where=f"--tokenizer {name}: ", fix="tokenizer.json")
