"""Batches: a partition of the rows that depends on nothing but their lengths and the budget."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spanset.stores.batches import plan_batches

LENGTHS = st.lists(st.integers(1, 300), max_size=60)
BUDGETS = st.integers(1, 1000)


def plan(lengths, budget, rows=None):
    numbers = np.arange(len(lengths)) if rows is None else np.asarray(rows, np.int64)
    return plan_batches(numbers, np.asarray(lengths, np.int64), budget)


def as_lists(batches):
    return [batch.tolist() for batch in batches]


def test_a_plan_worked_by_hand():
    """Budget 10. Longest first: 12 alone, for it exceeds the budget; two of 5; three of at most 3
    (a fourth would make 12)."""
    assert as_lists(plan([3, 12, 5, 3, 5, 2, 1], 10)) == [[1], [2, 4], [0, 3, 5], [6]]


@given(LENGTHS, BUDGETS)
def test_every_row_is_in_exactly_one_batch(lengths, budget):
    batches = plan(lengths, budget)
    assert sorted(chain(*as_lists(batches))) == list(range(len(lengths)))
    assert all(len(batch) for batch in batches)


@given(LENGTHS, BUDGETS)
def test_a_batch_with_its_padding_is_within_the_budget_or_a_single_row(lengths, budget):
    for batch in plan(lengths, budget):
        longest = max(lengths[row] for row in batch)
        assert len(batch) == 1 or longest * len(batch) <= budget


@given(LENGTHS, BUDGETS)
def test_no_batch_could_take_the_next_row_as_well(lengths, budget):
    for batch in plan(lengths, budget)[:-1]:
        assert lengths[batch[0]] * (len(batch) + 1) > budget


@given(LENGTHS, BUDGETS)
def test_the_longest_come_first_and_equal_ones_in_order(lengths, budget):
    order = list(chain(*as_lists(plan(lengths, budget))))
    assert order == sorted(order, key=lambda row: (-lengths[row], row))


@given(st.lists(st.integers(1, 300), unique=True, max_size=40), BUDGETS, st.randoms())
def test_the_order_in_which_rows_are_given_does_not_matter(lengths, budget, random):
    order = list(range(len(lengths)))
    random.shuffle(order)
    shuffled = plan([lengths[row] for row in order], budget, rows=order)
    assert as_lists(shuffled) == as_lists(plan(lengths, budget))


@given(LENGTHS, BUDGETS, st.integers(1, 5))
def test_the_plan_is_a_function_of_the_lengths_alone(lengths, budget, step):
    """Other row numbers, in the same order, fall into the same batches."""
    numbers = [step * row + 7 for row in range(len(lengths))]
    renamed = [[step * row + 7 for row in batch] for batch in as_lists(plan(lengths, budget))]
    assert as_lists(plan(lengths, budget, rows=numbers)) == renamed


def test_one_row_that_exceeds_the_budget_goes_alone():
    assert as_lists(plan([1, 1, 5000, 1], 100)) == [[2], [0, 1, 3]]


def test_a_budget_of_one_token_gives_single_rows():
    assert as_lists(plan([2, 4, 3], 1)) == [[1], [2], [0]]


def test_no_rows_make_no_batches():
    assert plan([], 100) == []
