"""The figure of a trial: marks where the differences are, filled where they are told."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.text import Text
from tests.report.plots.drawn_sets import page, panel, panels, saved, texts
from tests.report.plots.drawn_trials import (
    AWAY,
    GROUPS,
    HOME,
    QUESTIONS,
    UNKNOWN,
    around,
    some_pairs,
    told,
)
from tests.report.plots.test_names_drawn import HOSTILE

from spanset.report.plots.trial_figure import MOST, ROWS, TOKENS, trial_figure
from spanset.trials.differences import Difference
from spanset.trials.outcome import Sets


def marks(axes, kind, *, filled=None):
    """Places of the marks beside one control: (x, row), in the order of rows."""
    found = []
    for line in axes.lines:
        if line.get_marker() == kind.marker:
            is_filled = to_hex(line.get_markerfacecolor()) == kind.colour.lower()
            if filled in (None, is_filled):
                found += line.get_xydata().tolist()
    return sorted(found, key=lambda place: place[1])


def intervals(axes, kind):
    """Ends of the lines beside one control: (low, high, row)."""
    found = []
    for lines in axes.collections:
        if to_hex(lines.get_color()[0]) == kind.colour.lower():
            found += [(a[0], b[0], a[1]) for a, b in lines.get_segments()]
    return found


PAIRS = [
    (around(-0.2, 0.1), around(0.05, 0.1)),
    (around(0.03, 0.04), around(0.5, 0.2)),
]


def test_marks_and_intervals_stand_at_the_differences():
    axes = panel(trial_figure(told(["a", "b"], PAIRS, (HOME,))), "differences home")
    for place, kind in enumerate((ROWS, TOKENS)):
        expected = [pair[place] for pair in PAIRS]
        rows = [number + kind.shift for number in range(2)]
        places = [(one.mean, row) for one, row in zip(expected, rows, strict=True)]
        ends = [(one.low, one.high, row) for one, row in zip(expected, rows, strict=True)]
        np.testing.assert_allclose(marks(axes, kind), places)
        np.testing.assert_allclose(intervals(axes, kind), ends)
    low, high = axes.get_xlim()
    assert low < -0.3 < 0.7 < high, "all intervals are in the panel"


def test_a_mark_is_filled_where_its_interval_leaves_out_0():
    axes = panel(trial_figure(told(["a", "b"], PAIRS, (HOME,))), "differences home")
    assert [x for x, _ in marks(axes, ROWS, filled=True)] == [-0.2]
    assert [x for x, _ in marks(axes, ROWS, filled=False)] == [0.03]
    assert [x for x, _ in marks(axes, TOKENS, filled=True)] == [0.5]
    assert [x for x, _ in marks(axes, TOKENS, filled=False)] == [0.05]


def test_both_kinds_of_marks_differ_in_more_than_their_colour():
    assert ROWS.marker != TOKENS.marker
    assert ROWS.colour != TOKENS.colour
    assert {ROWS.said, TOKENS.said} <= set(texts(page(trial_figure(told(["a"], PAIRS)))))


def test_accuracy_is_in_percent_and_each_panel_says_its_unit_and_what_is_better():
    figure = trial_figure(told(["a", "b"], PAIRS))
    assert [axes.get_label() for axes in panels(figure, "differences")] == [
        "differences home",
        "differences away",
        "differences questions",
    ]
    home, away, questions = panels(figure, "differences")
    assert [x for x, _ in marks(away, ROWS)] == pytest.approx([-0.2, 0.03])
    assert [x for x, _ in marks(questions, ROWS)] == pytest.approx([-20, 3])
    for axes in (home, away):
        assert axes.get_xlabel() == "difference in loss, nats per token\n← lower is better"
    assert questions.get_xlabel() == "difference in accuracy, % points\nhigher is better →"
    assert texts(home) == ["At home", "rows of the same data, held out"]
    assert texts(away) == ["Away from home", "mmlu-style, e"]
    assert texts(questions) == ["Questions", "arc, q"]


def test_every_panel_has_a_line_at_0_and_0_in_sight():
    pairs = [(around(5.0, 0.1), around(6.0, 0.1))]
    for axes in panels(trial_figure(told(["a"], pairs)), "differences"):
        assert [0.0, 0.0] in [list(line.get_xdata()) for line in axes.lines]
        low, high = axes.get_xlim()
        assert low < 0 < high


def test_choices_stand_in_the_order_given_from_the_top():
    figure = trial_figure(told(["z", "a", "m"], some_pairs(3)))
    names = [text for text in page(figure).texts if text.get_text() in {"z", "a", "m"}]
    assert [text.get_text() for text in names] == ["z", "a", "m"], "once, for all panels"
    heights = [text.get_position()[1] for text in names]
    assert heights == sorted(heights), "the page is measured from its top"
    bottom, top = panel(figure, "differences home").get_ylim()
    assert bottom > top


def test_a_name_stands_at_the_height_of_its_marks():
    figure = trial_figure(told(["a", "b", "c"], some_pairs(3)))
    axes, own = panel(figure, "differences away"), page(figure)
    for row, name in enumerate("abc"):
        (text,) = (one for one in own.texts if one.get_text() == name)
        at = own.transData.transform(text.get_position())[1]
        assert at == pytest.approx(axes.transData.transform((0, row))[1])


def test_without_an_interval_there_is_a_hollow_mark_alone(tmp_path):
    pairs = [(UNKNOWN, around(0.1, 0.05)), (around(-0.1, 0.05), UNKNOWN)]
    figure = trial_figure(told(["a", "b"], pairs, (HOME,)))
    axes = panel(figure, "differences home")
    assert marks(axes, ROWS, filled=False) == [[0.5, ROWS.shift]]
    assert marks(axes, TOKENS, filled=False) == [[0.5, 1 + TOKENS.shift]]
    assert [row for *_, row in intervals(axes, ROWS)] == [1 + ROWS.shift]
    assert [row for *_, row in intervals(axes, TOKENS)] == [TOKENS.shift]
    low, high = axes.get_xlim()
    assert -1 < low < high < 1
    assert "no interval is known" in texts(page(figure))[-1]
    saved(figure, tmp_path / "a.png")


def test_a_trial_without_any_interval_is_drawn(tmp_path):
    figure = trial_figure(told(["a"], [(UNKNOWN, UNKNOWN)]))
    for axes in panels(figure, "differences"):
        assert not intervals(axes, ROWS)
    saved(figure, tmp_path / "a.svg")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0, 1e-300, -1e12])
def test_no_value_breaks_a_panel(tmp_path, value):
    one = Difference(value, value, value)
    figure = trial_figure(told(["a", "b"], [(one, one), PAIRS[0]]))
    saved(figure, tmp_path / "a.png")
    alone = trial_figure(told(["a"], [(one, one)]))
    saved(alone, tmp_path / "b.png")


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_outcome_gives_the_same_bytes(tmp_path, suffix):
    names = [f"choice {i}" for i in range(5)]
    first = saved(trial_figure(told(names, some_pairs(5))), tmp_path / f"a{suffix}")
    with mpl.rc_context({"font.size": 30, "text.usetex": True, "svg.fonttype": "none"}):
        second = saved(trial_figure(told(names, some_pairs(5))), tmp_path / f"b{suffix}")
    assert first == second
    assert b"date" not in first.lower()


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_hostile_names_are_drawn_as_they_are(tmp_path, suffix):
    away = Sets("away", "loss", tuple(HOSTILE))
    outcome = told(HOSTILE, some_pairs(len(HOSTILE)), (HOME, away))
    figure = trial_figure(outcome)
    found = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert found
    assert not any(text.get_parse_math() for text in found)
    content = saved(figure, tmp_path / f"a{suffix}")
    if suffix == ".svg":
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(content).iter()}
        assert not tags & {"script", "a", "image", "text"}


def test_names_that_became_equal_by_shortening_stay_apart():
    names = ["a" * 60 + middle + "b" * 60 for middle in "xyz"]
    shown = [one for one in texts(page(trial_figure(told(names, some_pairs(3))))) if "…" in one]
    assert len(shown) == len(set(shown)) == 3


def test_of_too_many_choices_the_first_are_drawn_and_that_is_said(tmp_path):
    names = [f"choice {i}" for i in range(MOST + 7)]
    figure = trial_figure(told(names, some_pairs(MOST + 7)))
    shown = texts(page(figure))
    assert names[MOST - 1] in shown
    assert names[MOST] not in shown
    assert len(marks(panel(figure, "differences home"), ROWS)) == MOST
    assert f"the first {MOST} of {MOST + 7} choices" in shown[-1]
    whole = trial_figure(told(names[:MOST], some_pairs(MOST)))
    assert "the first" not in texts(page(whole))[-1]
    saved(figure, tmp_path / "a.png")


@pytest.mark.parametrize("groups", [(QUESTIONS,), (HOME, AWAY), GROUPS])
@pytest.mark.parametrize(("count", "scale"), [(1, 0.0004), (9, 0.05), (20, 3.0)])
@pytest.mark.parametrize("letter", ["r", "W"])
def test_nothing_is_cut_off_or_drawn_over_something_else(groups, count, scale, letter):
    names = [f"{letter * 60}, number {i}" for i in range(count)]
    many = tuple(f"{letter * 9}{i}" for i in range(20))
    pairs = some_pairs(count, scale=scale)
    pairs[-1] = (UNKNOWN, pairs[-1][1])
    groups = [Sets(one.name, one.unit, many) for one in groups]
    figure = trial_figure(told(names, pairs, groups))
    figure.draw_without_rendering()
    shown = [text for text in page(figure).texts if text.get_text()]
    for axes in panels(figure, "differences"):
        low, high = axes.get_xlim()
        ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        shown += [text for at, text in ticks if low <= at <= high]
        shown += [axes.xaxis.label, *axes.texts]
    boxes = [text.get_window_extent() for text in shown]
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.y1 for box in boxes)
    small = [box.shrunk(0.98, 0.7) for box in boxes]
    for i, one in enumerate(small):
        for j, other in enumerate(small[:i]):
            assert not one.overlaps(other), (shown[i].get_text(), shown[j].get_text())
