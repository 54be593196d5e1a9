"""Numbers on the command line that cannot be meant: picks, tokens, weights, gammas."""

from __future__ import annotations

import pytest
from tests.commands.refusals import ARRAY, PICK, check_message


@pytest.mark.parametrize("k", ["9", "100000", "3,9"])
def test_a_k_above_the_number_of_rows_shows_the_range(spanset, k):
    command = ("select", "d.jsonl", "-k", k)
    says = ("8 usable rows",)
    spanset.refuses(*command, code=2, where="-k: ", says=says, fix="from 1 to 8, or a share")


@pytest.mark.parametrize(
    "k",
    ["0", "-5", "abc", "1.5", "nan", "1e400", "0%", "0.0", "150%", "100.5%", "nan%", "3,0", "3,x"],
)
def test_a_k_that_is_no_number_of_rows_shows_how_to_write_one(spanset, k):
    spanset.refuses("select", "d.jsonl", "-k", k, code=2, where="-k: ", fix="a share such as 0.1")


@pytest.mark.parametrize("k", ["", ",", "-10%"])
def test_a_k_without_a_number_is_refused(spanset, k):
    spanset.refuses("select", "d.jsonl", *ARRAY, "-k", k, code=2, where="-k")


def test_neither_k_nor_tokens_is_refused(spanset):
    spanset.refuses("select", "d.jsonl", code=2, where="-k: ", says=("--tokens",), fix="-k 10000")


@pytest.mark.parametrize("tokens", ["lots", "-3", "0", "0M", "2X", "", "nan"])
def test_an_unreadable_token_budget_shows_how_to_write_one(spanset, tokens):
    command = ("select", "d.jsonl", *ARRAY, "--tokens", tokens)
    spanset.refuses(*command, code=2, where="--tokens: ", fix="2M")


@pytest.mark.parametrize("tokens", ["1e999", "9" * 400, "1.7e308", "1e300G"], ids=lambda t: t[:9])
def test_an_absurdly_large_token_budget_is_a_budget_or_refused(spanset, tokens):
    ended = spanset.run("select", "d.jsonl", *ARRAY, "--tokens", tokens)
    if ended.code:
        check_message(ended.err, where="--tokens: ")
        assert ended.code == 2


def test_a_token_budget_too_small_for_any_row_says_what_the_shortest_takes(spanset):
    command = ("select", "d.jsonl", *ARRAY, "--tokens", "1")
    spanset.refuses(*command, code=2, where="--tokens: ", says=("shortest row has",), fix="larger")


@pytest.mark.parametrize("weight", ["-0.1", "1.1", "nan", "inf"])
@pytest.mark.parametrize("quality", [(), ("--quality", "column:rating")], ids=["without", "with"])
def test_a_lambda_outside_0_to_1_is_refused(spanset, weight, quality):
    command = (*PICK, *ARRAY, *quality, "--lambda", weight)
    spanset.refuses(*command, code=2, where="--lambda: ", fix="from 0")


def test_a_lambda_without_a_quality_is_refused(spanset):
    command = (*PICK, *ARRAY, "--lambda", "0.5")
    spanset.refuses(*command, code=2, where="--lambda: ", says=("no quality",), fix="--quality")


@pytest.mark.parametrize("gamma", ["0", "-1", "nan", "inf"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_a_gamma_that_is_not_positive_is_refused(spanset, gamma, dry):
    command = (*PICK, *ARRAY, "--gamma", gamma, *dry)
    spanset.refuses(*command, code=2, where="--gamma: ", says=("positive",), fix="0.25")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--lambda", "x"), ("--gamma", "x"), ("--seed", "x"), ("--draws", "x"), ("--workers", "x")],
)
def test_a_word_where_a_number_belongs_is_refused(spanset, flag, value):
    spanset.refuses(*PICK, flag, value, code=2, where=flag, says=(value,))


@pytest.mark.parametrize(
    ("flag", "command"),
    [
        ("--seed", (*PICK, *ARRAY)),
        ("--seed", (*PICK, *ARRAY, "--method", "random")),
        ("--draws", (*PICK, *ARRAY)),
        ("--workers", (*PICK, *ARRAY)),
        ("-n", ("show", "d.jsonl")),
    ],
    ids=["seed", "seed-of-random", "draws", "workers", "rows-to-show"],
)
def test_a_negative_number_where_none_can_be_is_refused(spanset, flag, command):
    spanset.refuses(*command, flag, "-1", code=2, where=flag)
