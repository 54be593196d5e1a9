"""Pairs whose sides are the same, empty or cut away are left out with that reason."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.preference_pairs import BEFORE, EQUAL, EXACT, PAIRS, both, captured, features
from tests.models.model_folder import save_model, store_of
from tests.models.tiny_models import NO_END

import spanset
from spanset.base.errors import DataError
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.stores.status import Status

TAIL = "it is two and " * 12
LATE = {"prompt": "Is it so?", "chosen": f"{TAIL}yes.", "rejected": f"{TAIL}no."}


@pytest.mark.parametrize(("pair", "max_length"), [(EQUAL, None), (LATE, 30)])
def test_sides_that_are_the_same_are_left_out_with_that_reason(model, tmp_path, pair, max_length):
    config = replace(EXACT, max_length=max_length)
    data = read([PAIRS[0], pair])
    store = store_of(GradientFeatures.load(model, config), data, tmp_path / "s")
    assert store.column("status")[1] == Status.SAME_SIDES
    made = GradientFeatures.load(model, config).transform(data)
    assert made.kept.tolist() == [0]
    assert "the same within --max-length" in made.data.unrepresented[0].reason
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        features(model, [pair], config)
    assert "--pair chosen" in caught.value.fix
    one_side = features(model, [pair], replace(config, pair="chosen"))
    assert np.linalg.norm(one_side) > 0.99, "what the message says to do works"


def test_sides_that_differ_late_are_told_apart_where_they_are_not_cut(model):
    """Negative control of the test above."""
    assert GradientFeatures.load(model, EXACT).transform(read([LATE])).kept.tolist() == [0]


def test_sides_that_are_the_same_have_hidden_states_and_scores(model):
    data, config = read([PAIRS[0], EQUAL]), replace(EXACT, model=model)
    GradientFeatures.load(model, EXACT).transform(data)
    assert HiddenFeatures.load(model, EXACT).transform(data).kept.tolist() == [0, 1]
    assert len(spanset.score(data, "perplexity", model=config)) == 2


def test_a_side_that_is_the_start_of_the_other_is_told_apart(tmp_path):
    """Where nothing ends a turn, one side may be all of what both begin with."""
    folder = save_model(tmp_path / "m", template=NO_END)
    pair = {"prompt": "Is it?", "chosen": "Yes", "rejected": "Yes, of course it is"}
    for row in (pair, {**pair, "chosen": pair["rejected"], "rejected": pair["chosen"]}):
        got = captured(folder, [row])
        assert np.isfinite(got).all()
        assert got.any()


@pytest.mark.parametrize("empty", ["", "  \n"])
@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize("pair", ["difference", "chosen", "rejected"])
def test_a_pair_with_an_empty_side_never_yields_a_row_of_zeros(model, pair, side, empty):
    data = read([PAIRS[0], {**PAIRS[1], side: empty}])
    made = GradientFeatures.load(model, replace(EXACT, pair=pair)).transform(data)
    assert np.isfinite(made.X).all()
    assert (np.abs(np.linalg.norm(made.X, axis=1) - 1) < 1e-3).all()
    assert 0 in made.kept


def test_pairs_whose_answers_are_cut_away_say_so(model):
    """The question is where they part, and no answer is left to learn from after it."""
    long = "a very long question " * 40
    rows = [
        {"prompt": long, "chosen": "Yes.", "rejected": "No."},
        {
            "chosen": both(*BEFORE[:2], ("user", f"One, {long}"), ("assistant", "Yes.")),
            "rejected": both(*BEFORE[:2], ("user", f"Two, {long}"), ("assistant", "No.")),
        },
    ]
    for row in rows:
        with pytest.raises(DataError, match="none of 1 rows") as caught:
            features(model, [row])
        assert "--max-length" in caught.value.why
        assert "--model-dtype" not in caught.value.fix
