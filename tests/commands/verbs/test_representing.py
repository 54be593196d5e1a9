"""Rows without features: the verb stops at them, or comes with the rows that have some."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from tests.conftest import make_rows
from tests.models.static_models import WORDS, write_model

import spanset

UNKNOWN = {"instruction": "zq", "output": "qz"}  # words that the table has no vector of


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    """A small table of word vectors."""
    folder = tmp_path_factory.mktemp("table") / "m"
    write_model(folder)
    return f"static:{folder}"


@pytest.fixture
def data():
    pairs = [f"{one} {other}" for one, other in combinations(WORDS[1:7], 2)][:12]
    told = [{"instruction": words, "output": "river"} for words in pairs]
    return spanset.read([*told[:4], UNKNOWN, *told[4:9], UNKNOWN, *told[9:]])


def test_it_stops_and_says_how_many_why_and_what_to_do(data, features):
    with pytest.raises(spanset.DataError) as error:
        spanset.represent(data, features)
    assert error.value.what == "2 of 14 rows cannot be represented"
    assert error.value.where == "<memory>:5"
    assert error.value.why
    assert "X, data, left_out = represent(..., on_bad_row='skip')" in error.value.fix


def test_with_skip_features_and_rows_go_together(data, features):
    X, kept, left_out = spanset.represent(data, features, on_bad_row="skip")
    assert len(X) == len(kept) == 12
    assert kept.ids.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13]
    assert [row.row for row in left_out] == [4, 10]
    # Each row of X is the row of the new data, as alone.
    alone = spanset.represent(data[kept.ids], features)
    np.testing.assert_array_equal(X, alone)
    pick = spanset.select(X, 5)
    assert [kept.row(p)["instruction"] for p in pick.order] == [
        data.row(int(kept.ids[p]))["instruction"] for p in pick.order
    ]


def test_the_choice_is_that_of_the_rows_themselves(data, features):
    X, kept, _ = spanset.represent(data, features, on_bad_row="skip")
    by_features = kept.ids[spanset.select(X, 5).order]
    by_rows = data.ids[spanset.select(data, 5, features=features).order]
    assert by_features.tolist() == by_rows.tolist()


def test_it_says_in_a_prompt_what_it_left_out(data, features):
    found = spanset.represent(data, features, on_bad_row="skip")
    assert repr(found).startswith("<RepresentedRows: X (12, ")
    assert ") of 12 rows, 2 left out (" in repr(found)
    assert "\n" not in repr(found)
    whole = spanset.represent(data[:3], features, on_bad_row="skip")
    assert repr(whole).endswith("of 3 rows, 0 left out>")


def test_it_is_no_array_that_could_pass_for_all_rows(data, features):
    found = spanset.represent(data, features, on_bad_row="skip")
    with pytest.raises(spanset.UsageError, match="features"):
        spanset.select(found, 3)  # type: ignore[arg-type]


def test_a_row_left_out_before_is_told_once(data, features):
    _, kept, _ = spanset.represent(data, features, on_bad_row="skip")
    again = spanset.represent(kept, features, on_bad_row="skip")
    assert again.left_out == ()
    assert len(again.data.unrepresented) == 2


def test_data_of_which_no_row_has_features_are_refused(features):
    data = spanset.read([UNKNOWN] * 3)
    with pytest.raises(spanset.SpansetError):
        spanset.represent(data, features, on_bad_row="skip")


def test_another_word_is_refused(data):
    with pytest.raises(spanset.UsageError, match="no policy 'nan'") as error:
        spanset.represent(data, on_bad_row="nan")  # type: ignore[call-overload]
    assert error.value.fix == "use stop or skip"


def test_rows_whose_answer_a_model_never_reads_are_left_out(folders):
    pytest.importorskip("torch", reason="gradients need the extra `models`")
    rows = make_rows(3)
    rows.insert(1, {"instruction": "a very long question " * 40, "output": "No."})
    config = spanset.ModelConfig(rank=4, dimension=32)
    X, kept, left_out = spanset.represent(
        spanset.read(rows), f"gradient:{folders()}", model=config, on_bad_row="skip"
    )
    assert X.shape == (3, 32)
    assert kept.ids.tolist() == [0, 2, 3]
    assert "--max-length" in left_out[0].reason
