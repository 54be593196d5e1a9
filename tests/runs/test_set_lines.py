"""Sets as lines: what each says, and shares of the most common values."""

from __future__ import annotations

import pytest

from spanset.runs.set_lines import field_shares, set_lines, short_count
from spanset.runs.summary import Middle, SetSummary


def one(name, log_det, **more):
    return SetSummary(name, 100, 12_345, log_det, 0.0, 0.02, 0.0, **more)


def test_every_line_has_a_cell_for_every_set():
    scores = {"column:rating": Middle(3.25, 9.0), "perplexity": Middle(1e9, 12.5)}
    sets = [one("pool", None, scores=scores), one("picked", -12.34, scores=scores)]
    lines = {line.label: line for line in set_lines(sets, estimated=True)}
    assert [line.label for line in set_lines(sets)] == list(lines)
    assert lines["log det, nats"].cells == ["-", "-12.3"]
    assert lines["tokens"].cells == ["12.3k", "12.3k"]
    assert lines["tokens"].remark == "(about)"
    assert lines["mean rating"].cells == ["3.25", "3.25"]
    assert lines["median perplexity"].cells == ["12.5", "12.5"]
    assert [line.label for line in set_lines([one("pool", None)])].count("log det, nats") == 0


def test_values_beyond_the_most_common_are_added_up():
    pool = one("pool", None, shares={"topic": {"a": 0.5, "": 0.3, "c": 0.2}, "source": {"f": 1.0}})
    picked = one("picked", None, shares={"topic": {"c": 0.75, "a": 0.25}, "source": {"f": 1.0}})
    ((field, shares),) = field_shares([pool.shares, picked.shares], 2)
    assert field == "topic"
    assert shares == [("a", [0.5, 0.25]), ("(empty)", [0.3, 0.0]), ("1 others", [0.2, 0.75])]


@pytest.mark.parametrize(
    ("count", "shown"), [(9_999, "9,999"), (10_000, "10.0k"), (123_456, "123k"), (2e10, "20.0B")]
)
def test_counts_have_three_digits(count, shown):
    assert short_count(int(count)) == shown
