"""Hidden states are kept beside gradients and take no second pass; else they are made."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

from tests.features.mean_states import CLOSE, CONFIG, HALF, ROWS, messages, states, unit
from tests.models.by_hand import ByHand
from tests.models.model_folder import store_of

import spanset
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models.passes import capture_run
from spanset.models.passes.forward import ForwardPass
from spanset.models.passes.model_run import ModelRun


def test_hidden_states_beside_gradients_are_those_of_a_pass_of_their_own(model, tmp_path):
    data = read(ROWS)
    beside = store_of(GradientFeatures.load(model, CONFIG), data, tmp_path / "g")
    own = store_of(HiddenFeatures.load(model, CONFIG), data, tmp_path / "h")
    assert np.abs(beside.column("hidden") - own.column("features")).max() < HALF
    np.testing.assert_allclose(beside.column("hidden_norm"), own.column("norm"), rtol=CLOSE)
    for name in ("loss", "el2n", "margin"):
        np.testing.assert_allclose(beside.column(name), own.column(name), rtol=1e-4, atol=1e-5)
    for name in ("tokens", "supervised", "rows", "status"):
        assert np.array_equal(beside.column(name), own.column(name)), name


def test_after_gradients_hidden_states_take_no_pass(model, no_model):
    data = read(ROWS)
    spanset.represent(data, f"gradient:{model}", model=CONFIG)
    no_model()
    X = spanset.represent(data, f"hidden:{model}", model=CONFIG)
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF
    other_order = [5, 3, 19, 0]
    some = spanset.represent(data[other_order], f"hidden:{model}", model=CONFIG)
    assert np.array_equal(some, X[other_order])


def test_another_sketch_and_other_targets_serve_as_well(model, no_model):
    config = replace(CONFIG, targets="all-linear", sketch="none")
    spanset.represent(read(ROWS[:4]), f"gradient:{model}", model=config)
    no_model()
    spanset.represent(read(ROWS[:4]), f"hidden:{model}", model=CONFIG)


@pytest.mark.parametrize("change", ["supervise", "max_length", "model_dtype", "model"])
def test_gradients_of_other_settings_do_not_serve(model, folders, no_model, change):
    values = {"supervise": "last", "max_length": 64, "model_dtype": "bfloat16"}
    other, config = model, CONFIG
    if change == "model":
        other = str(folders("gpt2"))
    else:
        config = replace(CONFIG, **{change: values[change]})
    spanset.represent(read(ROWS[:4]), f"gradient:{other}", model=config)
    no_model()
    with pytest.raises(AssertionError, match="the model is loaded"):
        spanset.represent(read(ROWS[:4]), f"hidden:{model}", model=CONFIG)


def test_without_hidden_states_beside_gradients_they_are_made(model, monkeypatch):
    data, config = read(ROWS), replace(CONFIG, hidden=False)
    spanset.represent(data, f"gradient:{model}", model=config)
    passes = []
    call = ForwardPass.__call__
    monkeypatch.setattr(
        ForwardPass, "__call__", lambda *args: passes.append(len(args[1].ids)) or call(*args)
    )
    monkeypatch.setattr(capture_run, "GradientCapture", None)
    X = spanset.represent(data, f"hidden:{model}", model=config)
    assert sum(passes) == 16, "each distinct row once"
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF


def test_rows_that_gradients_lack_are_made_and_no_others(model, monkeypatch):
    spanset.represent(read(ROWS[:10]), f"gradient:{model}", model=CONFIG)
    passes = []
    call = ForwardPass.__call__
    monkeypatch.setattr(
        ForwardPass, "__call__", lambda *args: passes.append(len(args[1].ids)) or call(*args)
    )
    X = spanset.represent(read(ROWS[:14]), f"hidden:{model}", model=CONFIG)
    assert sum(passes) == 4
    assert np.abs(X - unit(states(ByHand(model), ROWS[:14]))).max() < HALF


def test_lengths_are_those_of_hidden_states_wherever_they_lie(model):
    """Beside gradients their column has another name, and the gradients' lengths have theirs."""
    spanset.represent(read(ROWS[:10]), f"gradient:{model}", model=CONFIG)
    expected = np.linalg.norm(states(ByHand(model), ROWS[:14]), axis=1)
    for _ in range(2):  # the second time both stores are there already
        made = HiddenFeatures.load(model, CONFIG).transform(read(ROWS[:14]))
        np.testing.assert_allclose(made.lengths, expected, rtol=CLOSE)


def test_stores_without_hidden_states_do_not_hide_those_that_have_them(model, no_model):
    """Both lie in one folder of the cache: whether hidden states are kept is no other setting."""
    for row in range(8):
        config = replace(CONFIG, hidden=row % 2 == 1)
        spanset.represent(read(ROWS[row : row + 1]), f"gradient:{model}", model=config)
    no_model()
    spanset.represent(read(ROWS[1:8:2]), f"hidden:{model}", model=CONFIG)


@pytest.mark.parametrize("name", ["perplexity", "el2n", "logit_margin", "answer_tokens"])
def test_gradients_without_hidden_states_serve_scores(model, no_model, name):
    data, config = read(ROWS), replace(CONFIG, model=model, hidden=False)
    spanset.represent(data, f"gradient:{model}", model=config)
    no_model()
    oracle = ByHand(model)
    expected = [oracle.score(oracle.tokens(messages(row)), name)[0] for row in ROWS]
    got = spanset.score(data, name, model=config, transform="identity")
    np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-4)


def test_rows_with_a_zero_gradient_have_hidden_states(model, monkeypatch):
    queued = ModelRun._queued

    def spoilt(run, once, rows, read):
        flight, was_split = queued(run, once, rows, read)
        found = flight.landed()
        if found.total is not None:
            found.total[rows == 2] = 0.0
        return found, was_split

    monkeypatch.setattr(ModelRun, "_queued", spoilt)
    data = read(ROWS)
    assert 2 not in GradientFeatures.load(model, CONFIG).transform(data).kept
    X = spanset.represent(data, f"hidden:{model}", model=CONFIG)
    assert np.abs(X - unit(states(ByHand(model), ROWS))).max() < HALF
