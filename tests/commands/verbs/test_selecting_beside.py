"""The verb `select` beside a target, evaluations and inputs: as the command does it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands.method_rows import (
    COPY,
    EGGS,
    LISBON,
    OTHER_ANSWER,
    OTHER_PROMPT,
    ROWS,
    SHOUTED,
    TARGET,
    N,
    left_out,
    picked,
    write_lines,
)

import spanset
from spanset.selectors.dedup import Deduplicated

X = np.random.default_rng(0).normal(size=(N, 6))
RATINGS = np.log([row["rating"] for row in ROWS])
EVALUATION = [{"prompt": ROWS[EGGS]["instruction"]}]


@pytest.fixture
def data():
    return spanset.read(ROWS)


def evaluation():
    return spanset.read(EVALUATION, on_empty="keep")


@pytest.mark.parametrize(
    ("flags", "arguments"),
    [
        (("--method", "target", "--target", "t.jsonl"), {"method": "target", "target": "t.jsonl"}),
        (
            ("--quality", "target", "--target", "t.jsonl"),
            {"quality": "target", "target": "t.jsonl"},
        ),
        (("--avoid", "e.jsonl"), {"avoid": "e.jsonl"}),
        (("--avoid", "e.jsonl", "--avoid-at", "0.3"), {"avoid": "e.jsonl", "avoid_at": 0.3}),
        (
            ("--method", "dedup", "--same", "prompt", "--given", "g.jsonl"),
            {"method": "dedup", "same": "prompt", "given": "g.jsonl"},
        ),
        (("--method", "dedup", "--same", "both"), {"method": "dedup", "same": "both"}),
        (
            ("--method", "dedup", "--prefer", "better.jsonl"),
            {"method": "dedup", "prefer": ["better.jsonl"]},
        ),
        (
            ("--avoid", "e.jsonl", "--features", "lexical", "--quality", "output_tokens"),
            {"avoid": "e.jsonl", "features": "lexical", "quality": "output_tokens"},
        ),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_the_verb_picks_what_the_command_picks(folder, flags, arguments):
    """`folder`: a working folder; the arguments name files, which are read for the verb."""
    from spanset.cli import main

    write_lines("p.jsonl", ROWS)
    write_lines("better.jsonl", [ROWS[EGGS], ROWS[LISBON]])
    write_lines("t.jsonl", [*TARGET, ROWS[EGGS]])
    write_lines("e.jsonl", EVALUATION)
    write_lines("g.jsonl", [{**ROWS[LISBON], "output": "No idea."}])
    amount = () if "dedup" in flags else ("-k", "6")
    words = ("select", "p.jsonl", "better.jsonl", *amount, *flags, "--run", "run", "--draws", "0")
    assert main([*words]) == 0
    own = {
        name: spanset.read(value, on_empty="keep") if str(value).endswith(".jsonl") else value
        for name, value in arguments.items()
    }
    both = spanset.read(["p.jsonl", "better.jsonl"])
    found = spanset.select(both, k=6 if amount else None, **own)
    assert found.order.tolist() == picked("run")
    listed = {row["row"] for row in left_out("run")}
    assert listed.isdisjoint(found.order.tolist())
    assert bool(listed) == ("target" in own or "avoid" in own)


def test_copies_of_a_target_array_are_left_out_and_positions_are_those_of_the_data():
    target = np.vstack([-X[0], 3 * X[4], X[9].astype(np.float16)])
    for method, own in (
        ("target", {}),
        ("projection", {}),
        ("dpp", {}),
        ("top", {"quality": RATINGS}),
    ):
        rows = np.delete(np.arange(N), [4, 9])
        avoided = {"avoid": target, "avoid_at": 0.9999} if method in ("dpp", "top") else {}
        beside = avoided or {"target": target}
        less = {name: value[rows] for name, value in own.items()}
        direct = spanset.select(
            X[rows], k=8, method=method, **less, **({} if avoided else {"target": target})
        )
        found = spanset.select(X, k=8, method=method, **own, **beside)
        assert found.order.tolist() == rows[direct.order].tolist(), method
        assert len(spanset.select(X, k=N, method=method, **own, **beside)) == N - 2, method


def test_arrays_beside_what_is_avoided_keep_their_rows():
    """Token counts and rows to keep are told by positions among all rows."""
    counts = np.arange(1, N + 1)
    own = {"avoid": X[:1], "avoid_at": 0.99, "token_counts": counts, "tokens": int(counts.sum())}
    found = spanset.select(X, keep=[13, 5], **own)
    assert found.order[:2].tolist() == [13, 5]
    assert sorted(found.order.tolist()) == list(range(1, N))
    few = spanset.select(X, method="top", quality=-counts, **{**own, "tokens": 9})
    assert few.order.tolist() == [1, 2, 3], "2 + 3 + 4 tokens"
    with pytest.raises(spanset.UsageError, match="row 0 has to be picked"):
        spanset.select(X, k=3, keep=[0], avoid=X[:1], avoid_at=0.99)


def test_dedup_tells_by_positions_among_all_rows_what_is_avoided_aside():
    rows = np.vstack([X, X[3:4]])
    found = spanset.select(rows, method="dedup", avoid=X[:2], avoid_at=0.99)
    assert isinstance(found, Deduplicated)
    assert found.order.tolist() == list(range(2, N))
    assert found.stands_for[N] == 3
    assert found.dropped.tolist() == [N]


@pytest.mark.parametrize(
    ("same", "dropped"),
    [
        ("prompt", {COPY, SHOUTED, OTHER_ANSWER}),
        ("answer", {COPY, SHOUTED, OTHER_PROMPT}),
        ("both", {COPY, SHOUTED}),
    ],
)
def test_what_has_to_be_the_same_decides_what_repeats(data, same, dropped):
    found = spanset.select(data, method="dedup", same=same)
    assert isinstance(found, Deduplicated)
    assert set(found.dropped.tolist()) == dropped


def test_a_row_to_keep_that_is_avoided_is_named_with_its_reason(data):
    with pytest.raises(spanset.DataError, match="row 2 has to be kept") as error:
        spanset.select(data, k=3, keep=[EGGS], avoid=evaluation())
    assert "near" in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"avoid_at": 0.5}, "--avoid-at"),
        ({"avoid": X[:1]}, "avoid"),
        ({"avoid": X[:1], "avoid_at": 2.0}, "--avoid-at"),
        ({"avoid": X[:1, :4], "avoid_at": 0.9}, "avoid"),
        ({"avoid": X, "avoid_at": 0.9}, "avoid"),
        ({"same": "prompt", "method": "dedup"}, "same"),
        ({"same": "prompt"}, "--same"),
        ({"same": "both", "method": "dedup", "given": X[:1]}, "--same both"),
        ({"prefer": ["a.jsonl"], "method": "dedup"}, "prefer"),
        ({"prefer": ["a.jsonl"]}, "--prefer"),
    ],
    ids=str,
)
def test_arguments_that_do_not_go_with_features_are_errors(wrong, where):
    with pytest.raises(spanset.SpansetError) as error:
        spanset.select(X, **{"k": 3, **wrong})
    assert where in error.value.where


def test_arguments_that_do_not_go_with_rows_are_errors(data):
    with pytest.raises(spanset.UsageError, match="no input 'other'"):
        spanset.select(data, method="dedup", prefer=["other"])
    with pytest.raises(spanset.UsageError, match="an array has no words"):
        spanset.select(data, k=3, avoid=spanset.represent(data)[:1])
    with pytest.raises(spanset.DataError, match="columns"):
        spanset.select(data, k=3, avoid=X, avoid_at=0.9)
    with pytest.raises(spanset.UsageError, match="features alone"):
        spanset.select(X, k=3, avoid=data, avoid_at=0.9)
    with pytest.raises(spanset.DataError, match="every row is near"):
        spanset.select(data, k=3, avoid=data)
