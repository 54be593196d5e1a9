"""Amounts as people write them."""

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spanset.base.errors import UsageError
from spanset.config.amounts import check_amounts, count_of, row_counts, size_of, token_count


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
        (["0.1k"], [100]),
        (["0.05K,1e2"], [50, 100]),
        (["1_0_0"], [100]),
    ],
)
def test_counts_and_shares_of_200_rows(texts, expected):
    assert row_counts(texts, 200) == expected


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "201", "0.0", "0%", "150%", "1.5", "ten", "nan", "0.001", "1k", "10%%"],
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


@pytest.mark.parametrize("text", ["", "0", "-5", "many", "2x", "M", "1,5M", "1.5"])
def test_what_is_no_number_of_tokens_is_refused(text):
    with pytest.raises(UsageError, match="--tokens"):
        token_count(text)


def test_a_share_is_the_nearest_number_of_rows():
    assert row_counts(["0.99"], 5) == [5]
    assert row_counts(["1.6%"], 100) == [2]
    assert row_counts(["1.4%"], 100) == [1]


@pytest.mark.parametrize("text", ["10,000", "3,000"])
def test_a_comma_within_a_number_of_rows_is_told(text):
    with pytest.raises(UsageError, match=r"commas stand between(.|\n)*write 10000, 10_000 or 10k"):
        row_counts([text], 50_000)


@pytest.mark.parametrize(
    "text", ["1_", "_1", "1__0", "k", "1kk", "5%k", "1e3000", "9" * 4300 + "k"]
)
def test_what_is_no_count_is_refused_before_the_number_of_rows_is_known(text):
    with pytest.raises(UsageError, match=r"no number of rows(.|\n)*500 or 10k"):
        check_amounts([text], None)


COUNTS = st.integers(1, 10**12)
UNITS = {"k": 10**3, "K": 10**3, "m": 10**6, "M": 10**6, "G": 10**9, "b": 10**9}


@given(COUNTS, st.sampled_from(["{}", "{:_}", "{:,}"]))
def test_counts_are_read_as_they_are_written(count, written):
    assert count_of(written.format(count)) == count


@given(st.integers(1, 10**6), st.sampled_from(sorted(UNITS)))
def test_a_unit_multiplies(thousandths, unit):
    assert count_of(f"{thousandths}{unit}") == thousandths * UNITS[unit]
    assert count_of(f"{thousandths / 1000:.3f}{unit}") == thousandths * UNITS[unit] // 1000


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5))
def test_several_numbers_of_rows_are_those_of_each_ascending(counts):
    text = ",".join(f"{count / 1000}k" for count in counts)
    assert row_counts([text], 10**6) == sorted(set(counts))


def refusal(read, *arguments):
    """What was read, or the error that refused it."""
    try:
        return read(*arguments)
    except UsageError as error:
        return error


@given(st.text(st.sampled_from("0159.,_-+eEkKM% xn"), max_size=8) | st.text(max_size=5))
@example("9" * 4300 + "k")
def test_any_text_is_a_number_of_rows_that_there_are_or_refused(text):
    for amount in ([text], [text, "7"]):
        found = refusal(row_counts, amount, 200)
        if isinstance(found, UsageError):
            assert (found.where, bool(found.fix)) == ("-k", True)
        else:
            assert found == sorted(set(found))
            assert all(1 <= count <= 200 for count in found)


@given(st.text(st.sampled_from("0159.,_-+eEkKMGxn"), max_size=8) | st.text(max_size=5))
@example("9" * 4300 + "k")
def test_any_text_is_a_number_of_tokens_or_refused(text):
    found = refusal(token_count, text)
    if isinstance(found, UsageError):
        assert (found.where, bool(found.fix)) == ("--tokens", True)
    else:
        assert 1 <= found <= sys.maxsize


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 KiB"),
        (1, "1 KiB"),
        (5000, "5 KiB"),
        (2**20, "1.0 MiB"),
        (6 * 2**20 + 2**18, "6.2 MiB"),
        (180 * 2**20, "180 MiB"),
        (2**30 - 1, "1.0 GiB"),
        (3000 * 2**30, "3,000 GiB"),
    ],
)
def test_bytes_have_a_unit_and_two_digits(count, shown):
    assert size_of(count) == shown
