"""Scores of a language model against a direct computation, one row at a time."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.places import SHARED

pytest.importorskip("torch", reason="scores of a model need the extra `models`")
pytest.importorskip("transformers", reason="scores of a model need the extra `models`")

from tests.models.by_hand import DOWN, SCORES, ByHand
from tests.models.model_folder import CONTEXT, save_model
from tests.models.tiny_models import FAMILIES
from tests.quality.scored_talks import EXACT, ROWS, TALKS, message, raw_scores

from spanset.config.model_settings import ModelConfig

CLOSE = 1e-5


def worst_error(got, oracle, talks, name):
    """Largest error of a score, relative to the size of what it is computed from."""
    expected, size = np.array([oracle.score(oracle.tokens(talk), name) for talk in talks]).T
    assert (size > 0).all(), "the oracle is zero, so nothing is tested"
    assert len(np.unique(expected)) > 1, "all the same, so nothing is tested"
    return float((np.abs(got - expected) / size).max())


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_score_is_that_of_a_direct_computation(folders, family, name):
    folder = folders(family)
    error = worst_error(raw_scores(folder, ROWS, name), ByHand(folder), TALKS, name)
    assert error <= CLOSE, f"{name} of {family}: relative error {error:.1e}"


@pytest.mark.parametrize("name", SCORES)
def test_supervising_the_last_turn_scores_the_last_turn(llama, name):
    config = replace(EXACT, supervise="last")
    got = raw_scores(llama, ROWS, name, config)
    error = worst_error(got, ByHand(llama, supervise="last"), TALKS, name)
    assert error <= CLOSE, f"relative error {error:.1e}"
    everything = raw_scores(llama, ROWS, name)
    several = np.array([len(talk) > 3 for talk in TALKS])
    assert (got != everything)[several].all(), "the earlier turns do not count anyway"


@pytest.mark.parametrize("name", SCORES)
def test_a_cut_row_is_scored_by_the_tokens_that_are_left(llama, name):
    config, oracle = replace(EXACT, max_length=30), ByHand(llama, max_length=30)
    full = ByHand(llama)
    cut = [len(full.tokens(talk).ids) > 30 for talk in TALKS]
    talks = [talk for talk in TALKS if oracle.tokens(talk).count]
    assert any(cut)
    assert not all(cut)
    rows = [{"messages": talk} for talk in talks]
    error = worst_error(raw_scores(llama, rows, name, config), oracle, talks, name)
    assert error <= CLOSE, f"relative error {error:.1e}"


@pytest.mark.parametrize(
    ("bos", "eos"), [("<s>", "</s>"), (None, "</s>"), (None, None)], ids=["bos", "eos", "neither"]
)
def test_an_answer_alone_comes_after_the_token_that_begins_a_text(tmp_path, bos, eos):
    folder = save_model(tmp_path / "m", bos=bos, eos=eos)
    oracle = ByHand(folder)
    assert (oracle.tokenizer.bos_token_id, oracle.tokenizer.eos_token_id) != (None, None) or not eos
    for name in ("ifd", "pmi"):
        error = worst_error(raw_scores(folder, ROWS, name), oracle, TALKS, name)
        assert error <= CLOSE, f"{name}: relative error {error:.1e}"


def test_an_answer_that_fills_the_context_is_read_alone_too(llama):
    """After the token that begins a text it is as long as the row may be, and no longer."""
    talks = [[message("user", ""), message("assistant", "sea " * 200)], TALKS[0]]
    for max_length in (CONTEXT, 20):
        oracle = ByHand(llama, max_length=max_length)
        kept = [talk for talk in talks if oracle.tokens(talk).count > 0]
        rows = [{"messages": talk} for talk in kept]
        config = replace(EXACT, max_length=max_length)
        got = raw_scores(llama, rows, "pmi", config)
        expected = np.array([oracle.score(oracle.tokens(talk), "pmi")[0] for talk in kept])
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("name", SCORES)
def test_scores_do_not_depend_on_batches_or_order(llama, name, monkeypatch, tmp_path):
    expected = raw_scores(llama, ROWS, name)
    order = np.random.default_rng(0).permutation(len(ROWS))
    for number, (budget, rows) in enumerate([(1, order), (100_000, order), (100_000, order[:4])]):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / str(number)))
        config = replace(EXACT, batch_tokens=budget)
        got = raw_scores(llama, [ROWS[row] for row in rows], name, config)
        np.testing.assert_allclose(got, expected[rows], rtol=2e-5, atol=2e-5)


def test_another_prompt_gives_other_scores(llama):
    """Negative control: the comparisons can fail."""
    other = [[message("user", "Anything else?"), *talk[-1:]] for talk in TALKS[:2]]
    for name in (*DOWN, "logit_margin", "ifd", "pmi"):
        got = raw_scores(llama, [{"messages": talk} for talk in other], name)
        assert worst_error(got, ByHand(llama), TALKS[:2], name) > 1e-3, name


def test_copies_have_the_same_scores_to_the_last_bit(llama):
    for name in SCORES:
        got = raw_scores(llama, [*ROWS, *ROWS[::-1]], name)
        assert np.array_equal(got[: len(ROWS)], got[len(ROWS) :][::-1]), name


@pytest.mark.parametrize("targets", ["attention", "all-linear"])
def test_the_gradient_norm_is_that_of_the_target_layers(llama, targets):
    got = raw_scores(llama, ROWS, "gradient_norm", replace(EXACT, targets=targets))
    oracle = ByHand(llama)
    if targets == "all-linear":
        oracle.targets = [
            weight
            for name, weight in oracle.model.named_parameters()
            if weight.ndim == 2 and "embed" not in name and "lm_head" not in name
        ]
    error = worst_error(got, oracle, TALKS, "gradient_norm")
    assert error <= CLOSE, f"relative error {error:.1e}"


def test_a_sketch_gives_about_the_gradient_norm(llama):
    exact = raw_scores(llama, ROWS, "gradient_norm")
    config = ModelConfig(rank=32, dimension=2048, batch_tokens=300)
    got = raw_scores(llama, ROWS, "gradient_norm", config)
    assert np.abs(got / exact - 1).max() < 0.25
    assert np.abs(got / exact - 1).max() > 1e-4, "it is no sketch"


def test_checkpointing_does_not_change_scores(llama):
    config = replace(EXACT, gradient_checkpointing=True)
    expected, got = (raw_scores(llama, ROWS, "gradient_norm", one) for one in (EXACT, config))
    np.testing.assert_allclose(got, expected, rtol=CLOSE)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", SCORES)
def test_half_precision_gives_about_the_same_scores(llama, dtype, name):
    expected = raw_scores(llama, ROWS, name)
    got = raw_scores(llama, ROWS, name, replace(EXACT, model_dtype=dtype))
    assert np.isfinite(got).all()
    size = np.maximum(np.abs(expected), 1.0)
    assert (np.abs(got - expected) / size).max() < (0.15 if dtype == "bfloat16" else 0.03)


def test_real_rows_under_a_trained_model_are_scored_alike():
    folder, data = SHARED / "models/tiny-llama-7m", SHARED / "data/lima.json"
    if not (folder.exists() and data.exists()):
        pytest.skip(f"{folder} or {data} is not there")
    table = json.loads(data.read_text())
    found = [row for row in table if 200 < len(row["instruction"] + row["output"]) < 900]
    rows = [row for row in found if row["output"][:1].isalnum() and not row.get("input")][:6]
    talks = [
        [message("user", row["instruction"]), message("assistant", row["output"])] for row in rows
    ]
    assert len(talks) == 6
    oracle = ByHand(folder, max_length=512, header="<|assistant|>\n", end="<|end|>")
    config = replace(EXACT, max_length=512, batch_tokens=700)
    for name in SCORES:
        error = worst_error(raw_scores(folder, rows, name, config), oracle, talks, name)
        assert error <= CLOSE, f"{name}: relative error {error:.1e}"
