"""The verdict: every sentence at its threshold."""

import numpy as np
import pytest

from spanset.diversity.addition import Addition, Additions
from spanset.diversity.measurement import Headroom, MeasuredSet, Measurement
from spanset.diversity.verdict import verdict_of_additions, verdicts


def measured(name="a", headroom=None, **values):
    """A data set with these values; a pair is two draws."""
    found = {}
    for metric, value in values.items():
        metric = metric.replace("_", "-")
        draws = np.array(value if isinstance(value, tuple) else (value, value), float)
        found[metric] = Measurement(metric, "", "lower", draws, 0.0, 1_000, 500)
    return MeasuredSet(name, 1_250, found, headroom)


@pytest.mark.parametrize(
    ("size", "words"),
    [(450, "close to as spread out as can be"), (449, "partly redundant"), (330, "much of it is")],
)
def test_the_equivalent_size_tells_how_far_from_uniform(size, words):
    (line,) = verdicts([measured(equivalent_size=size)])
    assert line.startswith(f"a: 500 rows span as much as {size} uniform points: {words}")


@pytest.mark.parametrize(
    ("picked", "random", "words"),
    [
        (88, 80, "likely to help"),
        (87, 80, "unknown"),
        (85, 80, "unknown"),
        (84, 80, "unlikely to help"),
        (80, 80, "unlikely to help"),
    ],
)
def test_headroom_tells_whether_selecting_helps(picked, random, words):
    room = Headroom(
        100, np.array([picked] * 3), np.array([random - 2, random, random + 2]), np.full(3, 100.0)
    )
    (line,) = verdicts([measured(headroom=room)])
    assert f"100 picked rows span as much as {picked} uniform points" in line
    assert f"100 random ones as {random - 4} to {random + 4}" in line
    assert words in line
    assert ("unlikely" in line) == words.startswith("unlikely")


def test_what_uniform_points_gain_by_choosing_is_no_headroom():
    """In few dimensions picks span much more than random rows even of uniform points."""
    room = Headroom(100, np.array([100.0]), np.array([50.0]), np.array([50.0]))
    assert room.ratio == 1.0
    assert "unlikely to help" in verdicts([measured(headroom=room)])[0]


def test_one_draw_does_not_make_an_ldd_negative():
    assert verdicts([measured(ldd=(-0.2,))]) == []


def test_few_picks_tell_nothing():
    room = Headroom(49, np.array([49.0]), np.array([20.0]), np.array([45.0]))
    (line,) = verdicts([measured(headroom=room)])
    assert line == "a: Too few rows to tell whether selecting helps (unknown)."


def test_redundant_rows_are_told_where_there_are_some():
    (line,) = verdicts([measured(equivalent_size=400, near_duplicates=0.123, floor_share=0.0004)])
    assert "12.3 % of the rows nearly repeat another." in line
    assert "under 0.1 % add next to nothing" in line
    (line,) = verdicts([measured(equivalent_size=400, near_duplicates=0.0, floor_share=0.0)])
    assert "%" not in line


def test_a_negative_ldd_warns_of_the_reference():
    lines = verdicts([measured(ldd=(-0.2, -0.21))])
    assert "the reference is not the most diverse" in lines[0]
    assert verdicts([measured(ldd=(-0.02, 0.01))]) == []


def test_sets_are_ranked_and_those_within_their_spread_are_not_told_apart():
    sets = [measured("a", ldd=(0.3, 0.32)), measured("b", ldd=(0.1, 0.1)), measured("c", ldd=0.33)]
    assert verdicts(sets) == [
        "Most diverse first, by LDD: b 0.100, a 0.310, c 0.330.",
        "a and c cannot be told apart.",
    ]


def test_without_measures_there_is_no_verdict():
    assert verdicts([measured(vendi=10)]) == []


@pytest.mark.parametrize(
    ("repeated", "ratio", "words"),
    [
        (0.95, 0.1, "adds next to nothing"),
        (0.2, 1.1, "adds more than more of the same"),
        (0.2, 1.0, "worth about as much"),
        (0.0, 0.9, "would add as much or more"),
        (0.0, None, "too little current data"),
    ],
)
def test_new_data_are_judged_beside_more_of_the_same(repeated, ratio, words):
    one = Addition("new", 100, 12.0, repeated, 50, 50, ratio)
    same = Addition("more of the same", 20, 2.4, 0.0, 10)
    (line,) = verdict_of_additions(Additions((one,), same, 80, 70, 80))
    assert line.startswith("new: ")
    assert words in line
    assert ("repeat what you have" in line) == (repeated > 0)
