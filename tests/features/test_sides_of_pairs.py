"""One side of a pair alone, and the scores, hidden states and tokens beside a gradient of both."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.conftest import write_lines
from tests.features.preference_pairs import (
    CLOSE,
    EQUAL,
    EXACT,
    HALF,
    PAIRS,
    captured,
    features,
    sides,
    unit,
    worst,
)
from tests.models.by_hand import SCORES, ByHand
from tests.models.model_folder import SMALL, store_of

import spanset
from spanset.base.errors import DataError
from spanset.cli import main
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.models import language_model


def plain(pairs, side):
    """Rows of one side."""
    return [{"messages": sides(pair)[side == "rejected"]} for pair in pairs]


def sft_gradient(oracle, talk):
    return oracle.gradient(-oracle.log_probability(oracle.tokens(talk))).numpy()


@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("family", ["llama", "gpt_neox", "gpt2"])
def test_one_side_is_the_gradient_of_fine_tuning_on_it(folders, family, side):
    config, oracle = replace(EXACT, pair=side), ByHand(folders(family))
    expected = [sft_gradient(oracle, row["messages"]) for row in plain(PAIRS, side)]
    assert worst(captured(folders(family), PAIRS, config), expected) <= CLOSE
    got = features(folders(family), PAIRS, config)
    assert np.abs(got - unit(expected)).max() < HALF
    assert np.abs(got - features(folders(family), plain(PAIRS, side))).max() < HALF


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_rows_that_are_no_pairs_are_as_ever_unless_the_rejected_side_is_asked_for(
    model, tmp_path, pair
):
    write_lines(tmp_path / "pairs.jsonl", PAIRS)
    write_lines(tmp_path / "plain.jsonl", plain(PAIRS, "chosen"))
    data = read([tmp_path / "pairs.jsonl", tmp_path / "plain.jsonl"])
    made = GradientFeatures.load(model, replace(EXACT, pair=pair)).transform(data)
    oracle, n = ByHand(model), len(PAIRS)
    of_pairs = captured(model, PAIRS, replace(EXACT, pair=pair))
    if pair == "rejected":
        assert made.kept.tolist() == list(range(n))
        reasons = {row.reason for row in made.data.unrepresented}
        assert reasons == {"it has no rejected side"}
    else:
        assert made.kept.tolist() == list(range(2 * n))
        expected = [sft_gradient(oracle, row["messages"]) for row in plain(PAIRS, "chosen")]
        assert np.abs(made.X[n:] - unit(expected)).max() < HALF
    assert np.abs(made.X[:n] - unit(of_pairs)).max() < HALF


def test_no_pair_at_all_is_an_error_where_the_rejected_side_is_asked_for(model):
    with pytest.raises(DataError, match="none of 5 rows") as caught:
        features(model, plain(PAIRS, "chosen"), replace(EXACT, pair="rejected"))
    assert "no rejected side" in caught.value.why
    assert "--pair rejected" in caught.value.fix


def test_sides_have_stores_of_their_own(model):
    made = [
        features(model, PAIRS, replace(EXACT, pair=p)) for p in ("difference", "chosen", "rejected")
    ]
    again = features(model, PAIRS)
    assert np.array_equal(again, made[0])
    for one in range(3):
        for other in range(one):
            assert np.abs(made[one] - made[other]).max() > 0.01


@pytest.mark.parametrize("name", sorted(SCORES))
@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_scores_are_of_the_chosen_side_or_the_rejected(model, pair, name):
    rows = plain(PAIRS, "rejected" if pair == "rejected" else "chosen")
    oracle = ByHand(model)
    expected = [oracle.score(oracle.tokens(row["messages"]), name)[0] for row in rows]
    data, config = read(PAIRS), replace(EXACT, model=model, pair=pair)
    for _ in range(2):  # of a pass of its own, then of the pass of the gradients
        got = spanset.score(data, name, model=config, transform="identity")
        np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-5, atol=1e-5)
        spanset.represent(data, f"gradient:{model}", model=config)


def planned_passes(words, capsys):
    """Passes for the quality that a dry run names."""
    capsys.readouterr()
    assert main([*words, "--dry-run", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["to_score"]


def test_a_gradient_norm_beside_differences_takes_a_pass_of_its_own(model, tmp_path, capsys):
    """The length of a difference is no norm of a gradient of the chosen side's loss."""
    pairs = write_lines(tmp_path / "p.jsonl", PAIRS)
    others = write_lines(tmp_path / "o.jsonl", plain(PAIRS, "chosen"))
    words = ["-k", "2", "--model", model, "--quality", "gradient_norm"]
    (own,) = planned_passes(["select", str(pairs), *words], capsys)
    assert own["rows"] == len(PAIRS)
    assert not own["there"]
    assert planned_passes(["select", str(pairs), *words, "--pair", "chosen"], capsys) == []
    assert planned_passes(["select", str(others), *words], capsys) == []


def test_a_store_of_differences_has_no_gradient_norm_of_pairs(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "p.jsonl", PAIRS)
    assert main(["features", "p.jsonl", "--model", model, "--out", "s"]) == 0
    words = ["select", "p.jsonl", "-k", "2", "--features", "store:s", "--quality", "gradient_norm"]
    for last in ([], ["--dry-run"]):
        assert main([*words, *last]) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert "the store holds no gradient_norm" in error
        assert "the score is of the chosen side" in error
        assert f"fix: name the model that is to score the rows: --model {model}" in error
    assert main([*words, "--model", model]) == 0


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_hidden_states_are_of_the_chosen_side_or_the_rejected(model, monkeypatch, pair):
    rows = plain(PAIRS, "rejected" if pair == "rejected" else "chosen")
    oracle, config = ByHand(model), replace(EXACT, pair=pair)
    expected = unit([oracle.hidden(oracle.tokens(row["messages"])).numpy() for row in rows])
    data = read(PAIRS)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    assert np.abs(X - expected).max() < HALF


@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_gradients_of_pairs_leave_hidden_states_that_serve(model, monkeypatch, pair):
    config, data = replace(EXACT, pair=pair), read(PAIRS)
    features(model, PAIRS, config)

    def fails(*_, **__):
        raise AssertionError("the model is loaded although nothing is to be computed")

    monkeypatch.setattr(language_model, "load_model", fails)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    rows, oracle = plain(PAIRS, "rejected" if pair == "rejected" else "chosen"), ByHand(model)
    expected = unit([oracle.hidden(oracle.tokens(row["messages"])).numpy() for row in rows])
    assert np.abs(X - expected).max() < HALF


def test_tokens_are_of_both_sides_and_supervised_ones_of_the_first(model, tmp_path):
    store = store_of(GradientFeatures.load(model, EXACT), read(PAIRS), tmp_path / "s")
    oracle = ByHand(model)
    tokens = [[oracle.tokens(side) for side in sides(pair)] for pair in PAIRS]
    assert store.column("tokens").tolist() == [sum(len(x.ids) for x in both) for both in tokens]
    assert store.column("supervised").tolist() == [both[0].count for both in tokens]


def test_a_selection_of_pairs_from_the_command_line(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines(Path("d.jsonl"), [*PAIRS, EQUAL])
    pick = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--model", model, *SMALL)
    assert main([*pick, "--run", "r", "--quality", "perplexity"]) == 0
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert manifest["features"]["pair"] == "difference"
    assert manifest["rows"]["unrepresented"] == 1
    subset = [json.loads(line) for line in Path("r/subset.jsonl").read_text().splitlines()]
    assert len(subset) == 3
    assert all(row in PAIRS for row in subset)
    table = pq.read_table("r/selection.parquet").to_pydict()
    oracle = ByHand(model)
    expected = [
        -oracle.loss(row := oracle.tokens(sides(PAIRS[number])[0])) / row.count
        for number in table["row"]
    ]
    np.testing.assert_allclose(table["log_quality"], expected, rtol=1e-5)
    for number, side in enumerate(("chosen", "rejected")):
        assert main([*pick, "--run", f"r{number}", "--pair", side]) == 0
        manifest = json.loads(Path(f"r{number}/manifest.json").read_text())
        assert manifest["features"]["pair"] == side
        assert manifest["rows"]["unrepresented"] == 0
    assert main(["select", "--config", "r0/config.toml", "--run", "again"]) == 0
    assert Path("again/ids.txt").read_bytes() == Path("r0/ids.txt").read_bytes()
