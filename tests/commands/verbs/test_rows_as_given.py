"""Picks, qualities and budgets count the rows that were given, though some have no features."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.features.gradients import LONG, ROWS, SMALL, transform

import spanset
from spanset.base.errors import UsageError
from spanset.data.reader import read


@pytest.fixture(scope="module")
def model(folders):
    return str(folders())


# The second and fifth rows cannot be represented.
GAPPED = [ROWS[0], LONG, ROWS[1], ROWS[2], {**LONG, "output": "Yes."}, *ROWS[3:8]]


def test_the_order_counts_rows_of_the_data_that_were_given(model):
    data = read(GAPPED)
    features = f"gradient:{model}"
    pick = spanset.select(data, k=8, features=features, model=SMALL)
    assert sorted(pick.order.tolist()) == [0, 2, 3, 5, 6, 7, 8, 9]
    X = transform(model, [row for row in GAPPED if row["instruction"] != LONG["instruction"]]).X
    kept = np.array([0, 2, 3, 5, 6, 7, 8, 9])
    assert pick.order.tolist() == kept[spanset.select(X, k=8).order].tolist()


def test_a_log_quality_belongs_to_the_rows_that_were_given(model):
    log_q = np.arange(10.0)
    pick = spanset.select(
        read(GAPPED), k=3, features=f"gradient:{model}", model=SMALL,
        quality=log_q, quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [9, 8, 7]
    pick = spanset.select(
        read(GAPPED), k=3, features=f"gradient:{model}", model=SMALL,
        quality=-log_q, quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [0, 2, 3]


def test_the_tokens_of_a_budget_belong_to_the_rows_that_were_given(model):
    counts = np.array([1, 100, 1, 1, 100, 1, 1, 1, 50, 50])
    pick = spanset.select(
        read(GAPPED), tokens=6, token_counts=counts, features=f"gradient:{model}", model=SMALL,
        quality=-counts.astype(float), quality_weight=1.0,
    )  # fmt: skip
    assert sorted(pick.order.tolist()) == [0, 2, 3, 5, 6, 7]


@pytest.mark.parametrize("entries", [8, 11])
def test_tokens_of_another_number_of_rows_are_refused(model, entries):
    """Eight rows are represented, ten were given."""
    with pytest.raises(UsageError) as caught:
        spanset.select(
            read(GAPPED), tokens=6, token_counts=np.ones(entries, int),
            features=f"gradient:{model}", model=SMALL,
        )  # fmt: skip
    assert "10" in str(caught.value)


def test_a_share_is_one_of_the_rows_that_were_given(model):
    """As on the command line."""
    pick = spanset.select(read(GAPPED), k="50%", features=f"gradient:{model}", model=SMALL)
    assert len(pick) == 5


def test_a_score_by_name_is_that_of_the_rows_that_are_left(model):
    rows = [{**row, "rating": number + 1} for number, row in enumerate(GAPPED)]
    pick = spanset.select(
        read(rows), k=2, features=f"gradient:{model}", model=SMALL,
        quality="column:rating", quality_weight=1.0,
    )  # fmt: skip
    assert pick.order.tolist() == [9, 8]
