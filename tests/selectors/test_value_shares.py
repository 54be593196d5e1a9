"""Shares of values: what is written, what it means for k rows, and what cannot be met."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import make_rows, write_lines

from spanset.base.errors import DataError, UsageError
from spanset.data.reader import read
from spanset.selectors.value_shares import Share, parse_shares, quotas_of


def topics(**counts):
    """Rows with so many of each topic."""
    names = [name for name, count in counts.items() for _ in range(count)]
    return read([{"instruction": "Say.", "output": "It.", "topic": name} for name in names])


def bounds(quotas):
    """Least and most of each group, by name."""
    return {
        name: (int(least), int(most))
        for name, least, most in zip(quotas.names, quotas.least, quotas.most, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "field", "value", "rows"),
    [
        ("topic:a=20%..40%", "topic", "a", (20, 40)),
        ("topic:a=.2..0.4", "topic", "a", (20, 40)),
        ("topic:a=20..40", "topic", "a", (20, 40)),
        ("topic:a=..10%", "topic", "a", (0, 10)),
        ("topic:a=7..", "topic", "a", (7, 100)),
        ("topic=1..1", "topic", None, (1, 1)),
        ("topic=1.0..", "topic", None, (100, 100)),
        ("topic:a = b=5..6", "topic", "a = b", (5, 6)),
        ("topic:x:y=5 .. 6", "topic", "x:y", (5, 6)),
        ("topic:=..6", "topic", "", (0, 6)),
        ("topic=1e-1..2e-1", "topic", None, (10, 20)),
    ],
)
def test_bounds_are_read_as_shares_or_counts(text, field, value, rows):
    share = Share.parse(text)
    assert (share.field, share.value, share.rows(100)) == (field, value, rows)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("topic", "is no share"),
        ("topic:a=", "is no share"),
        ("topic:a=5", "is no share"),
        ("topic:a=..", "is no share"),
        ("topic:a= .. ", "is no share"),
        ("=1..2", "is no share"),
        (":a=1..2", "is no share"),
        ("topic:a=150%..", "neither a share nor a count"),
        ("topic:a=1.5..", "neither a share nor a count"),
        ("topic:a=-1..3", "neither a share nor a count"),
        ("topic:a=x..3", "neither a share nor a count"),
        ("topic:a=nan..", "neither a share nor a count"),
        ("topic:a=40%..20%", "at least 40% and at most 20%"),
        ("topic:a=9..3", "at least 9 and at most 3"),
    ],
)
def test_what_is_no_share_is_refused(text, what):
    with pytest.raises(UsageError, match=what) as error:
        parse_shares([text])
    assert "--share" in error.value.where


def test_two_fields_two_bounds_of_a_value_and_too_much_are_refused():
    with pytest.raises(UsageError, match="two fields, 'topic' and 'source'"):
        parse_shares(["topic:a=1..", "source:b=1.."])
    with pytest.raises(UsageError, match="sum to 110 %"):
        parse_shares(["topic:a=60%..", "topic:b=50%.."])
    with pytest.raises(UsageError, match="topic:a is bounded twice"):
        parse_shares(["topic:a=10%..", "topic:b=1..", "topic:a=..20%"])
    assert len(parse_shares(["topic:a=60%..", "topic:b=40%..", "topic=..70%"])) == 3


def test_bounds_in_shares_and_counts_are_compared_when_k_is_known():
    (share,) = parse_shares(["topic:a=50%..3"])
    data = topics(a=5, b=5)
    assert bounds(quotas_of([share], data, 4))["a"] == (2, 3)
    with pytest.raises(DataError, match="at least 4 and at most 3 rows of topic 'a'"):
        quotas_of([share], data, 8)


@given(st.integers(1, 10_000), st.integers(0, 100), st.integers(0, 100))
def test_shares_are_rounded_inwards(k, low, high):
    low, high = min(low, high), max(low, high)
    least, most = Share.parse(f"topic={low}%..{high}%").rows(k)
    assert least == -(-low * k // 100)
    assert most == high * k // 100


def test_named_values_go_before_the_bounds_of_all():
    data = topics(a=50, b=30, c=20)
    quotas = quotas_of(parse_shares(["topic=10%..40%", "topic:a=..20"]), data, 50)
    assert quotas.names == ("a", "b", "c")
    assert bounds(quotas) == {"a": (0, 20), "b": (5, 20), "c": (5, 20)}
    assert quotas.groups.tolist() == [0] * 50 + [1] * 30 + [2] * 20
    assert quotas.k == 50


def test_rows_without_the_field_are_a_group():
    rows = make_rows(6)
    for row in rows[:2]:
        del row["topic"]
    quotas = quotas_of(parse_shares(["topic:(missing)=..1"]), read(rows), 3)
    assert bounds(quotas)["(missing)"] == (0, 1)
    assert (quotas.groups[:2] == quotas.names.index("(missing)")).all()


def test_sources_go_by_their_short_or_whole_names(tmp_path):
    paths = [write_lines(tmp_path / f"{name}.jsonl", make_rows(10)) for name in ("code", "talk")]
    data = read(paths)
    for name in ("code", str(paths[0])):
        quotas = quotas_of(parse_shares([f"source:{name}=20%..40%"]), data, 10)
        assert bounds(quotas) == {"code": (2, 4), "talk": (0, 10)}
        assert quotas.groups.tolist() == [0] * 10 + [1] * 10


@pytest.mark.parametrize(
    ("texts", "k", "what"),
    [
        (["topic:c=30..40"], 50, "30 rows of topic 'c' are wanted, there are 20"),
        (["topic=20..", "topic:a=20.."], 50, "the least shares of topic sum to 60 of 50 rows"),
        (["topic=..10"], 50, "leave room for 30 rows, 50 are wanted"),
        (["topic:d=1.."], 50, "no row has the topic 'd'"),
        (["theme:a=1.."], 50, "no row has a field 'theme'"),
        (["source:x=1.."], 50, "no row has the source 'x'"),
    ],
)
def test_what_the_rows_cannot_meet_is_named(texts, k, what):
    with pytest.raises(DataError, match=what):
        quotas_of(parse_shares(texts), topics(a=50, b=30, c=20), k)


def test_bounds_that_leave_too_little_room_are_listed():
    with pytest.raises(DataError) as error:
        quotas_of(parse_shares(["topic=..10"]), topics(a=50, b=30, c=2), 50)
    assert "a, b" in str(error.value)
    assert ", c" not in str(error.value)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_quotas_are_refused_or_can_be_met(seed):
    """Whatever is written: either an error, or a choice of k rows within all bounds exists."""
    rng = np.random.default_rng(seed)
    counts = dict(zip("abc", rng.integers(1, 12, 3).tolist(), strict=True))
    data = topics(**counts)
    k = int(rng.integers(1, len(data) + 1))
    texts = []
    for name in rng.permutation(["", ":a", ":b"])[: rng.integers(1, 4)]:
        forms = [f"{rng.integers(0, 8)}", f"{rng.integers(0, 90)}%", ""]
        texts.append(f"topic{name}={rng.choice(forms)}..{rng.choice(forms)}")
    try:
        quotas = quotas_of(parse_shares(texts), data, k)
    except (UsageError, DataError):
        return
    assert (quotas.least <= quotas.most).all()
    assert quotas.least.sum() <= k <= quotas.most.sum()
    picks = []
    ledger = quotas.ledger()
    for row in rng.permutation(len(data)).tolist():
        if len(picks) < k and ledger.open()[quotas.groups[row]]:
            ledger.take(row)
            picks.append(row)
    assert ledger.lacking == []
