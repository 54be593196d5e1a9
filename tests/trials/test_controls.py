"""Random rows beside choices: as many, and as many tokens."""

from __future__ import annotations

import numpy as np
import pytest

from spanset.trials.candidate import Candidate
from spanset.trials.controls import SAME_TOKENS, Controls

TOKENS = np.random.default_rng(0).integers(5, 300, 2000)


def choice(name, rows):
    return Candidate(name, len(rows), np.asarray(rows))


def test_controls_have_as_many_rows_and_as_many_tokens():
    order = np.argsort(TOKENS, kind="stable")
    choices = [choice("short", order[:200]), choice("long", order[-200:]), choice("few", [3, 4])]
    controls = Controls.draw(choices, TOKENS, 4, seed=0)
    for number, one in enumerate(choices):
        rows = controls.all[controls.of_rows[number]]
        assert [len(draw) for draw in rows.draws] == [len(one.rows)] * 4
        tokens = controls.all[controls.of_tokens[number]]
        wanted = TOKENS[one.rows].sum()
        for draw in tokens.draws:
            assert abs(TOKENS[draw].sum() - wanted) <= max(SAME_TOKENS * wanted, TOKENS.max() / 2)
            assert len(set(draw.tolist())) == len(draw)
    assert len({one.name for one in controls.all}) == len(controls.all)


def test_choices_of_about_as_many_tokens_share_a_control():
    """Of 200 rows of 100 tokens each, and 8 tokens more: one control of rows serves all three."""
    tokens = np.full(1000, 100)
    tokens[500:] = 104
    choices = [choice(str(n), np.arange(n, n + 200)) for n in (0, 400, 700)]
    controls = Controls.draw(choices, tokens, 3, seed=1)
    assert len(controls.all) == 1
    assert controls.of_rows == controls.of_tokens == [0, 0, 0]


def test_long_choices_of_about_the_same_length_share_one():
    order = np.argsort(-TOKENS, kind="stable")
    choices = [choice("a", order[:100]), choice("b", order[1:101]), choice("c", order[600:700])]
    controls = Controls.draw(choices, TOKENS, 2, seed=0)
    assert controls.of_tokens[0] == controls.of_tokens[1] != controls.of_tokens[2]


def test_draws_are_of_their_seed_and_differ():
    choices = [choice("a", np.arange(50))]
    one, same, other = (Controls.draw(choices, TOKENS, 3, seed=seed) for seed in (0, 0, 1))
    draws = one.all[0].draws
    assert all(np.array_equal(a, b) for a, b in zip(draws, same.all[0].draws, strict=True))
    assert not np.array_equal(draws[0], other.all[0].draws[0])
    assert len({tuple(draw.tolist()) for draw in draws}) == 3


def test_a_choice_of_more_tokens_than_random_rows_can_have_takes_all_rows():
    tokens = np.array([1, 1, 1, 1, 400])
    controls = Controls.draw([choice("all", np.arange(5))], tokens, 2, seed=0)
    assert {len(draw) for draw in controls.all[controls.of_tokens[0]].draws} == {5}
    assert controls.all[0].tokens == pytest.approx(404)
