"""Stores as features: rows in any order, found by content, beside the cache that is one too."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.gradients import LONG, ROWS, SMALL, transform
from tests.models.model_folder import edit_weights, files_of, same_store, store_of, talk_rows

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read
from spanset.features import gradient
from spanset.features.gradient import GradientFeatures
from spanset.features.stored import StoreFeatures
from spanset.models import language_model
from spanset.stores import survey as survey_module
from spanset.stores.user_cache import cache_folder, cached_stores


def fails(*_, **__):
    raise AssertionError("the model is loaded although nothing is to be computed")


def test_a_second_call_runs_no_model(model, cache, monkeypatch):
    first = transform(model, ROWS)
    monkeypatch.setattr(language_model, "load_model", fails)
    assert np.array_equal(transform(model, ROWS).X, first.X)
    assert len(list(cache.iterdir())) == 1
    assert cache_folder() == cache


def test_the_cache_goes_by_content_and_not_by_names(model, tmp_path, cache, monkeypatch):
    transform(model, ROWS)
    shutil.copytree(model, tmp_path / "copy")
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{**row, "rating": 4} for row in ROWS]))
    monkeypatch.setattr(language_model, "load_model", fails)
    GradientFeatures.load(str(tmp_path / "copy"), SMALL).transform(read(path))


def test_other_settings_rows_or_weights_have_a_store_of_their_own(model, tmp_path, cache):
    def change(weights):
        name = sorted(weights)[0]
        return {**weights, name: weights[name] + 0.5}

    transform(model, ROWS)
    transform(model, ROWS, seed=1)
    transform(model, ROWS[:-1])
    other = shutil.copytree(model, tmp_path / "other")
    edit_weights(other, change)
    transform(str(other), ROWS)
    assert len(list(cache.iterdir())) == 3
    assert len(cached_stores()) == 3, "fewer rows are in the store of all"


def test_how_many_rows_are_rendered_at_once_does_not_show_in_a_store(
    model, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(survey_module, "AT_ONCE", 3)
    store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    assert same_store(tmp_path / "s", whole[1])


def test_a_store_gives_its_rows_in_any_order_and_any_number(whole):
    X, place = whole
    data = read(ROWS)
    for order in ([5, 3, 3, 1], [19], list(range(20))[::-1], list(range(20))):
        made = StoreFeatures(str(place)).transform(data[order])
        assert np.array_equal(made.X, X[order])
        assert made.kept.tolist() == list(range(len(order)))


def test_a_store_does_not_care_where_its_rows_come_from(whole):
    X, place = whole
    messages = [
        {
            "messages": [
                {"role": "user", "content": row["instruction"]},
                {"role": "assistant", "content": row["output"]},
            ]
        }
        for row in ROWS[4:9]
    ]
    assert np.array_equal(StoreFeatures(str(place)).transform(read(messages)).X, X[4:9])


def test_rows_that_a_store_lacks_are_counted_and_the_first_is_named(whole):
    others = talk_rows(30)[25:27]
    data = read([*ROWS[:3], others[0], others[1]])
    with pytest.raises(DataError) as caught:
        StoreFeatures(str(whole[1])).transform(data)
    assert "lacks 2 of 5 rows" in caught.value.what
    assert ":4 " in caught.value.why


def test_a_store_remembers_why_a_row_was_left_out(model, tmp_path):
    data = read([*ROWS[:3], LONG])
    store_of(GradientFeatures.load(model, SMALL), data, tmp_path / "s")
    made = StoreFeatures(str(tmp_path / "s")).transform(data[[3, 0]])
    assert made.kept.tolist() == [1]
    assert "--max-length" in made.data.unrepresented[0].reason
    with pytest.raises(DataError, match="none of 1 rows") as caught:
        StoreFeatures(str(tmp_path / "s")).transform(data[[3]])
    assert "--max-length" in caught.value.why


def test_a_stores_dimension_is_known_without_its_rows(whole):
    assert StoreFeatures(str(whole[1])).dimension == 32


def test_a_store_that_is_not_finished_is_no_features(model, tmp_path, monkeypatch):
    def stops(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gradient, "capture_rows", stops)
    with pytest.raises(KeyboardInterrupt):
        store_of(GradientFeatures.load(model, SMALL), read(ROWS), tmp_path / "s")
    before = files_of(tmp_path / "s")
    with pytest.raises(UsageError, match="not finished"):
        StoreFeatures(str(tmp_path / "s")).transform(read(ROWS))
    assert files_of(tmp_path / "s") == before
