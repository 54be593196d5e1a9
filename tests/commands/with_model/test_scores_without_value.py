"""Scores that are not finite, or have no logarithm, are an error that names score and row."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.refusals import check_message, snapshot
from tests.commands.with_model.model_commands import BY_WORDS, LONG, PICK, SCORES, N, ids
from tests.conftest import write_lines
from tests.models.model_folder import changed, edit_weights, talk_rows

import spanset as package
from spanset.base.errors import DataError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read


def scaled_head(factor):
    def scale(weights):
        return {**weights, "lm_head.weight": weights["lm_head.weight"] * factor}

    edit_weights(Path("m"), scale)


@pytest.mark.parametrize("features", ["hidden:m", "lexical"])
@pytest.mark.parametrize("name", ["perplexity", "el2n", "logit_margin", "ifd", "pmi"])
def test_scores_that_are_not_finite_are_an_error_that_names_score_and_row(spanset, features, name):
    """Hidden states are finite here, logits are not."""
    scaled_head(3e38)
    model = () if features == "hidden:m" else ("--model", "m")
    before = snapshot(Path())
    ended = spanset.run(*PICK, "--features", features, *model, "--quality", name)
    assert ended.code == 1, ended.err
    message = ended.err[ended.err.index("error: ") :]
    if name in ("ifd", "pmi"):  # no row has an answer to compare with
        check_message(message, where="d.jsonl:1", says=("not finite",), fix="--model-dtype")
    else:
        check_message(message, where="--quality", says=(f"{name} of row 0", "not finite"),
                      fix="--model-dtype")  # fmt: skip
    assert snapshot(Path()) == before


def test_a_perplexity_that_is_no_number_is_an_error(spanset):
    """Beyond e^709 a token: what a model of broken weights gives."""
    scaled_head(3000.0)
    loss = -package.score(read("d.jsonl"), "el2n", model="m")
    assert np.isfinite(loss).all(), "all is lost: another test"
    ended = spanset.run(*BY_WORDS, "--quality", "perplexity")
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality",
                  says=("perplexity of row 0", "inf"), fix="another quality")  # fmt: skip


@pytest.mark.parametrize("name", ["logit_margin", "pmi"])
def test_a_score_that_is_a_logarithm_may_have_none(spanset, name):
    data = read("d.jsonl")
    assert package.score(data, name, model="m").min() < 0, "positive: no test"
    words = (*BY_WORDS, "--quality", name, "--transform", "log")
    before = snapshot(Path())
    ended = spanset.run(*words)
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality", says=(name,),
                  fix="identity")  # fmt: skip
    assert snapshot(Path()) == before
    for transform in ("identity", "rank", "quantile"):
        assert spanset.run(*changed(words, "--transform", transform), "--run", transform).code == 0


def test_a_message_about_a_score_names_the_row_as_it_was_read(folder):
    """Rows that were left out before it count."""
    rows = [LONG, LONG | {"output": "Yes."}, *talk_rows(N)]
    data = read(rows)
    X = ModelConfig(model="m", rank=4, dimension=32)
    values = package.score(read(rows[2:]), "pmi", model=X)
    lowest = 2 + int(np.argmin(values))
    with pytest.raises(DataError) as caught:
        package.select(data, k=2, features="hidden:m", quality="pmi", transform="log", model=X)
    assert f"row {lowest} " in caught.value.what


def test_one_score_for_all_rows_prefers_none(spanset):
    row = talk_rows(1)[0]
    write_lines(Path("d.jsonl"), [row, {**row, "instruction": "Say zero."}])
    ended = spanset.run(*changed(BY_WORDS, "-k", "1"), "--quality", "answer_tokens")
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality", says=("same",))


@pytest.mark.parametrize("name", SCORES)
def test_rows_that_cannot_be_scored_leave_with_their_reason(spanset, name):
    write_lines(Path("d.jsonl"), [LONG, *talk_rows(N)])
    words = changed(BY_WORDS, "-k", str(N))
    ended = spanset.run(*words, "--quality", name, "--lambda", "1", "--run", "r")
    assert ended.code == 0, ended.err
    assert sorted(map(int, ids("r"))) == list(range(1, N + 1))
    (left_out,) = Path("r/bad_rows.jsonl").read_text().splitlines()
    assert "--max-length" in json.loads(left_out)["reason"]
