"""The verdict: every sentence at its threshold."""

import numpy as np
import pytest

from spanset.diversity.addition import Addition, Additions
from spanset.diversity.known_sets import KnownValue
from spanset.diversity.measurement import Headroom, MeasuredSet, Measurement
from spanset.diversity.repeats import Repeats
from spanset.diversity.verdict import verdict_of_additions, verdict_of_repeats, verdicts


def measured(name="a", headroom=None, **values):
    """A data set with these values; a pair is two draws."""
    found = {}
    for metric, value in values.items():
        metric = metric.replace("_", "-")
        draws = np.array(value if isinstance(value, tuple) else (value, value), float)
        found[metric] = Measurement(metric, "", "lower", draws, 0.0, 1_000, 500)
    return MeasuredSet(name, 1_250, found, headroom)


KNOWN = (KnownValue("LIMA", 0.3, 400.0), KnownValue("GSM8K", 0.6, 300.0))


def test_a_set_has_its_place_among_known_ones_and_the_scale_is_said_once():
    sets = [measured("a", ldd=0.4, equivalent_size=350), measured("b", ldd=0.61)]
    assert verdicts(sets, known=KNOWN, sees="Rows are compared by words.") == [
        "a: between LIMA and GSM8K; spans what 350 uniform points do.",
        "b: as diverse as GSM8K.",
        "Most diverse first, by LDD: a 0.400, b 0.610.",
        "Public sets of as many rows, by LDD: LIMA 0.300, GSM8K 0.600.",
        "Rows are compared by words.",
    ]


def test_without_a_scale_no_word_judges_the_equivalent_size():
    """In lexical space a set of grade-school problems alone spans nine tenths of uniform points."""
    (line,) = verdicts([measured(equivalent_size=450)])
    assert line == "a: spans what 450 uniform points do."


def test_beside_a_reference_of_ones_own_the_scale_does_not_hold():
    lines = verdicts([measured(ldd=0.4)], known=KNOWN, reference="mine")
    assert not any("LIMA" in line for line in lines)


@pytest.mark.parametrize(
    ("picked", "words"),
    [
        (88, "; room to select (1.10)."),
        (87, "; some room to select (1.09)."),
        (85, "; some room to select (1.06)."),
        (84, "; little room to select (1.05)."),
        (80, "; little room to select (1.00)."),
    ],
)
def test_headroom_tells_whether_there_is_room_to_select(picked, words):
    room = Headroom(100, np.array([picked] * 3), np.array([78, 80, 82]), np.full(3, 100.0))
    first, common = verdicts([measured(equivalent_size=400, headroom=room)])
    assert first.endswith(words)
    assert "100 picks span" in common


def test_what_uniform_points_gain_by_choosing_is_no_headroom():
    """In few dimensions picks span much more than random rows even of uniform points."""
    room = Headroom(100, np.array([100.0]), np.array([50.0]), np.array([50.0]))
    assert room.ratio == 1.0
    assert "little room" in verdicts([measured(headroom=room)])[0]


def test_one_draw_does_not_make_an_ldd_negative():
    assert verdicts([measured(ldd=(-0.2,))]) == []


def test_few_picks_tell_nothing():
    room = Headroom(49, np.array([49.0]), np.array([20.0]), np.array([45.0]))
    (line,) = verdicts([measured(headroom=room)])
    assert line == "a: too few rows to tell whether there is room to select."


def test_redundant_rows_are_told_where_there_are_some():
    (line,) = verdicts([measured(equivalent_size=400, near_duplicates=0.123, floor_share=0.0004)])
    assert "; 12.3 % of its rows nearly repeat another" in line
    assert "; under 0.1 % of its picks add next to nothing" in line
    (line,) = verdicts([measured(equivalent_size=400, near_duplicates=0.0, floor_share=0.0)])
    assert "%" not in line


def repeated(exact, near, error=0.0):
    """Two sets of 100 and 50 rows: of the second so much stands in the first."""
    shares = np.array([[0.0, near / 2], [near, 0.0]])
    counts = np.array([[0, exact], [exact, 0]])
    errors = np.array([[0.0, 0.0], [error, 0.0]])
    return Repeats(["a", "b"], np.array([100, 50]), counts, shares, errors, 0.95)


@pytest.mark.parametrize(
    ("repeats", "lines"),
    [
        (repeated(50, 1.0), ["All rows of b repeat a row of a, exactly."]),
        (repeated(0, 1.0), ["100 % of the rows of b repeat a row of a."]),
        (repeated(3, 0.2), ["20.0 % of the rows of b repeat a row of a, 3 of them exactly."]),
        (repeated(0, 0.2, 0.01), ["About 20.0 % of the rows of b repeat a row of a."]),
        (repeated(0, 0.009), []),
        (None, []),
    ],
)
def test_a_set_that_repeats_another_is_the_first_thing_to_hear(repeats, lines):
    assert verdict_of_repeats(repeats) == lines


def test_a_negative_ldd_warns_of_the_reference():
    lines = verdicts([measured(ldd=(-0.2, -0.21))])
    assert "the reference is not the most diverse" in lines[0]
    assert verdicts([measured(ldd=(-0.02, 0.01))]) == []


def test_sets_are_ranked_and_those_within_their_spread_are_not_told_apart():
    sets = [measured("a", ldd=(0.3, 0.32)), measured("b", ldd=(0.1, 0.1)), measured("c", ldd=0.33)]
    assert verdicts(sets) == [
        "Most diverse first, by LDD (≈: not told apart): b 0.100, a 0.310 ≈ c 0.330."
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
