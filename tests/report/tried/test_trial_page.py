"""The page of a trial: the verdict first, marks where differences are, texts that stay texts."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from tests.report.page_texts import require_harmless, text_of
from tests.report.tried.kept_trials import HOME, judged, kept_trial

from spanset.report.plots.difference_marks import Panel
from spanset.report.tried.difference_chart import difference_chart
from spanset.report.tried.trial_page import trial_page
from spanset.runs.kept_trial import KeptTrial

HOSTILE = "<script>alert(1)</script>"


def test_the_verdict_comes_first():
    text = text_of(trial_page(kept_trial()))
    start = text.index("Better than random rows: 1 of 2 choices at home, 1 away from home, 1 by")
    assert start < text.index("Better: dpp.") < text.index("Not told apart: top.")
    assert text.index("Not told apart: top.") < text.index("Differences to random rows")


def test_of_one_choice_the_verdict_is_its_own():
    text = text_of(trial_page(kept_trial(names=("dpp",))))
    said = "dpp beside random rows: better at home, better away from home, better by questions."
    assert said in text
    assert "one in twenty is told apart by chance: run" not in text, "there is nothing to choose"


def test_all_that_is_known_is_there():
    text = text_of(trial_page(kept_trial()))
    for wanted in (
        "-0.20 ± 0.05*", "-0.01 ± 0.05", "+20 ± 5*", "1.25", "1.35", "2.72", "lima (17)",
        "random, 24 rows", "1,500", "1,490", "12", "55 seconds", "575 rows could be picked",
        "ab" * 32, "600", "turns marked weight 0", "d.jsonl:4", "holds lima.json:9",
        "sha256:cd", "192", "2.13.0", "spanset trial data/d.jsonl -k 24",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_the_page_of_what_is_kept_is_the_same():
    kept = kept_trial()
    held = {
        **kept.results.record(),
        "inputs": [one.record() for one in kept.inputs],
        "remarks": kept.remarks,
        "pool": kept.pool,
        "home_rows": list(range(kept.home)),
        "left_out": kept.left_out,
        "model": kept.model,
        "training": kept.training,
        "machine": kept.machine,
        "told": kept.told,
    }
    again = KeptTrial.of_record(json.loads(json.dumps(held)))
    assert trial_page(again) == trial_page(kept)


def test_names_are_text_wherever_they_stand():
    kept = kept_trial((HOSTILE, '"><img src=x onerror=alert(2)>'), (HOSTILE + "a", "b\x1b[2J"))
    hostile = [{"row": 1, "where": HOSTILE, "why": HOSTILE}]
    kept = replace(
        kept,
        left_out=hostile,
        remarks=[HOSTILE],
        model={"model": {"name": HOSTILE}},
        told={"DATA": [HOSTILE]},
        inputs=[replace(kept.inputs[0], name=HOSTILE, format=HOSTILE)],
    )
    require_harmless(trial_page(kept), HOSTILE, "onerror=alert(2)")


def test_many_choices_are_all_in_the_tables_and_some_in_the_pictures():
    names = tuple(f"choice {number:03d}" for number in range(45))
    page = trial_page(kept_trial(names))
    text = text_of(page)
    assert "the first 40 of 45 choices" in text
    assert all(text.count(name) >= 4 for name in names)
    titles = re.findall(r"<title>choice (\d+)</title>", page)
    assert {int(one) for one in titles} == set(range(40))


def marks_of(figure: ET.Element, look: int):
    """Places of the marks of one control: circles, or the middle of squares; and their class."""
    found = []
    for one in figure.iter():
        kind = one.get("class") or ""
        if kind not in (f"bar look-{look}", f"hollow look-{look}"):
            continue
        if one.tag == "circle" and one.get("r"):
            found.append((float(one.get("cx")), float(one.get("cy")), kind.split()[0]))
        if one.tag == "polygon":
            corners = np.array([p.split(",") for p in one.get("points").split()], float)
            found.append((*corners.mean(axis=0).tolist(), kind.split()[0]))
    return found[1:]  # the first is the legend's


def test_marks_stand_at_the_differences_and_lines_are_the_intervals():
    pairs = [judged((-0.2, 0.1), (0.05, 0.1)), judged((0.03, 0.04), (0.5, 0.2))]
    figure = ET.fromstring(difference_chart(Panel.of(HOME, pairs), ["a", "b"]))
    zero = next(one for one in figure.iter("line") if one.get("class") == "zero")
    ticks = {}
    for one in figure.iter("text"):
        if one.get("class") == "middle" and re.fullmatch(r"-?[\d.]+", one.text or ""):
            ticks[float(one.text)] = float(one.get("x"))
    (a, at_a), *_, (b, at_b) = sorted(ticks.items())
    unit = (at_b - at_a) / (b - a)
    x0 = float(zero.get("x1"))
    rows, tokens = marks_of(figure, 0), marks_of(figure, 1)
    for found, means in ((rows, [-0.2, 0.03]), (tokens, [0.05, 0.5])):
        np.testing.assert_allclose([x for x, _, _ in found], x0 + unit * np.array(means), atol=0.3)
    assert [kind for _, _, kind in rows] == ["bar", "hollow"], "filled where 0 is left out"
    assert [kind for _, _, kind in tokens] == ["hollow", "bar"]
    lines = [
        (float(one.get("x1")), float(one.get("x2")))
        for one in figure.iter("line")
        if one.get("class") == "line solid look-0"
    ]
    expected = x0 + unit * np.array([[-0.3, -0.1], [-0.01, 0.07]])
    np.testing.assert_allclose(lines, expected, atol=0.3)


@pytest.mark.parametrize("name", ["y" * 300, HOSTILE * 30, "\u202eabc", "😀" * 40])
def test_any_name_gives_a_picture_that_is_well_formed(name):
    ET.fromstring(difference_chart(Panel.of(HOME, [judged((0.1, 0.1), (0.1, 0.1))]), [name]))


def test_an_interval_that_is_not_known_has_no_line():
    found = [judged((0.1, np.inf), (0.1, np.inf))]
    figure = difference_chart(Panel.of(HOME, found), ["a"])
    assert "line solid" not in figure
