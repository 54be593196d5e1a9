"""Amounts as people write them."""

import pytest

from spanset.base.errors import UsageError
from spanset.config.amounts import row_counts, token_count


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["10"], [10]),
        (["0.1"], [20]),
        (["10%"], [20]),
        (["100%"], [200]),
        (["1.0"], [200]),
        (["1"], [1]),
        (["50,10,10%"], [10, 20, 50]),
        (["50", "10"], [10, 50]),
        ([7], [7]),
        ([0.5], [100]),
    ],
)
def test_counts_and_shares_of_200_rows(texts, expected):
    assert row_counts(texts, 200) == expected


@pytest.mark.parametrize(
    "text", ["0", "-1", "201", "0.0", "0%", "150%", "1.5", "ten", "nan", "0.001"]
)
def test_what_is_no_number_of_rows_is_refused(text):
    with pytest.raises(UsageError, match="-k"):
        row_counts([text], 200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000000", 2_000_000),
        ("500k", 500_000),
        ("2M", 2_000_000),
        ("1.5m", 1_500_000),
        ("1e6", 1_000_000),
        ("2,000", 2_000),
        ("1B", 10**9),
    ],
)
def test_tokens_with_and_without_suffix(text, expected):
    assert token_count(text) == expected


@pytest.mark.parametrize("text", ["", "0", "-5", "many", "2x", "M"])
def test_what_is_no_number_of_tokens_is_refused(text):
    with pytest.raises(UsageError, match="--tokens"):
        token_count(text)


def test_a_share_is_the_nearest_number_of_rows():
    assert row_counts(["0.99"], 5) == [5]
    assert row_counts(["1.6%"], 100) == [2]
    assert row_counts(["1.4%"], 100) == [1]
