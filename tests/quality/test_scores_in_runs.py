"""Scores in runs of `spanset select`, the rows that cannot have one, and which passes they take."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="scores of a model need the extra `models`")
pytest.importorskip("transformers", reason="scores of a model need the extra `models`")

from tests.conftest import write_lines
from tests.models.by_hand import DOWN, LOGARITHMS, SCORES, ByHand
from tests.quality.scored_talks import EXACT, ROWS, TALKS, message, raw_scores

import spanset
from spanset.base.errors import DataError
from spanset.cli import main
from spanset.data.reader import read
from spanset.models import language_model
from spanset.models.passes import capture_run


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("features", [None, "hidden", "lexical"])
def test_a_selection_writes_down_the_quality_of_a_direct_computation(
    llama, tmp_path, monkeypatch, capsys, features, name
):
    monkeypatch.chdir(tmp_path)
    write_lines(Path("d.jsonl"), ROWS)
    flags = () if features is None else ("--features", features)
    oracle = ByHand(llama)
    expected = np.array([oracle.score(oracle.tokens(talk), name)[0] for talk in TALKS])
    raw = expected
    if name not in LOGARITHMS:
        expected = np.log(expected)
    expected = -expected if name in DOWN else expected
    command = ("select", "d.jsonl", "-k", str(len(ROWS)), "--draws", "0", "--run", "r")
    by = ("--model", llama, "--sketch", "none", "--quality", name, "--lambda", "1")
    assert main([*command, *by, *flags, "--json"]) == 0
    (pool, picked) = json.loads(capsys.readouterr().out)["sets"]
    assert pool["scores"][name]["median"] == pytest.approx(np.median(raw), rel=1e-4, abs=1e-4)
    assert picked["scores"][name]["mean"] == pytest.approx(np.mean(raw), rel=1e-4, abs=1e-4)
    table = pq.read_table("r/selection.parquet").to_pydict()
    got = dict(zip(table["row"], table["log_quality"], strict=True))
    np.testing.assert_allclose([got[row] for row in range(len(ROWS))], expected, atol=1e-4)
    best_first = [expected[row] for row in table["row"]]
    assert best_first == sorted(best_first, reverse=True), "lambda = 1 sorts by quality"


def test_rows_that_cannot_be_scored_are_named(llama):
    long = [message("user", "a very long question " * 40), message("assistant", "No.")]
    rows = [ROWS[0], {"messages": long}]
    for name in SCORES:
        with pytest.raises(DataError, match="1 of 2 rows cannot be scored") as caught:
            raw_scores(llama, rows, name)
        assert ":2" in caught.value.where
        assert "--max-length" in caught.value.why


def test_rows_that_were_left_out_before_are_not_taken_for_those(llama):
    long = [message("user", "a very long question " * 40), message("assistant", "No.")]
    data = read([*ROWS[:2], {"messages": long}]).without(np.array([0]), ["not wanted"])
    for verb in (
        lambda: spanset.score(data, "perplexity", model=llama),
        lambda: spanset.represent(data, f"hidden:{llama}"),
    ):
        with pytest.raises(DataError, match="1 of 2 rows") as caught:
            verb()
        assert ":3" in caught.value.where
        assert "--max-length" in caught.value.why


def fails(*_, **__):
    raise AssertionError("the model is loaded although nothing is to be computed")


def test_one_pass_serves_every_score_but_those_of_answers_alone(llama, monkeypatch):
    data = read(ROWS)
    spanset.represent(data, f"gradient:{llama}", model=EXACT)
    monkeypatch.setattr(language_model, "load_model", fails)
    for name in set(SCORES) - {"ifd", "pmi"}:
        raw_scores(llama, ROWS, name)
    with pytest.raises(AssertionError, match="the model is loaded"):
        raw_scores(llama, ROWS, "ifd")


def test_answers_alone_are_read_once_for_both_of_their_scores(llama, monkeypatch):
    raw_scores(llama, ROWS, "ifd")
    monkeypatch.setattr(language_model, "load_model", fails)
    raw_scores(llama, ROWS, "pmi")


def test_only_the_gradient_norm_takes_gradients(llama, monkeypatch):
    monkeypatch.setattr(capture_run, "GradientCapture", None)
    for name in set(SCORES) - {"gradient_norm"}:
        raw_scores(llama, ROWS, name)
    with pytest.raises(TypeError):
        raw_scores(llama, ROWS, "gradient_norm")
