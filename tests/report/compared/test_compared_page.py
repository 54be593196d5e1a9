"""The page of a comparison: the best in words, the front, what is alike, texts that stay texts."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
from tests.report.compared.compared_grids import cell, compared_grid
from tests.report.page_texts import require_harmless, text_of

from spanset.report.compared.choice_charts import alike_table, gains_lines, quality_charts
from spanset.report.compared.compared_page import compared_page
from spanset.runs.compared_choices import Compared

HOSTILE = "<script>alert(1)</script>"


def test_the_best_comes_first_in_words():
    text = text_of(compared_page(compared_grid()))
    said = "4 choices of 4 of 120 rows Chosen from d, measured by static beside 2 random choices."
    assert said in text
    best = text.index("Most diverse by ldd: dpp, 0.100 (random 0.350 ± 0.071).")
    assert best < text.index("Highest mean q: dpp λ 0.9, 4.50 (random 3.10).")
    assert text.index("no lambda of these is beaten in both quality and LDD: 0, 0.1, 0.9") > best
    assert "near-duplicates: dpp" not in text, "by which nothing differs"


def test_all_that_is_known_is_there():
    text = text_of(compared_page(compared_grid(sizes=(2, 4))))
    for wanted in (
        "2 of 120 rows", "4 of 120 rows", "*0.100", "0.350 ± 0.071", "25.0", "4.40", "Of 2 picks",
        "random, 2 draws", "ef" * 32, "d.jsonl: something: 5", "spanset compare d.jsonl -k 4",
        "All choices are measured by static.", "Lower is more diverse: ldd", "Version 0.1.0",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_the_page_of_what_is_kept_is_the_same():
    found = compared_grid(sizes=(2, 4))
    again = Compared.of_choices(json.loads(json.dumps(found.choices())))
    assert compared_page(again) == compared_page(found)
    assert again.record() == found.record()


def test_the_front_joins_what_no_lambda_beats_and_no_other():
    (chart,) = quality_charts(compared_grid(), 4)
    figure = ET.fromstring(chart)
    (front,) = (one for one in figure.iter("path") if one.get("class") == "front")
    corners = np.array(re.findall(r"[\d.]+", front.get("d")), float).reshape(-1, 2)
    titled = {}
    for one in figure.iter("circle"):
        if one.find("title") is not None:
            place = float(one.get("cx")), float(one.get("cy"))
            titled[one.find("title").text] = place
    assert titled.keys() == {"dpp", "dpp λ 0.1", "dpp λ 0.9"}
    np.testing.assert_allclose(corners, sorted(titled.values()), atol=0.1)
    looks = [item.text for item in figure.iter("span")]
    assert looks == ["no lambda beats it", "other choices", "random rows"]


def test_without_a_quality_there_is_no_such_picture():
    assert list(quality_charts(compared_grid(scores=["tokens"]), 4)) == []


def test_gains_are_of_choices_from_the_most_to_the_least_diverse():
    many = [cell(f"c{n:02d}", "dpp", None, 0.05 * n, 1.0, [n, 2, 3, 4]) for n in range(12)]
    found = compared_grid(cells=[*many, *compared_grid().cells[-2:]])
    figure = ET.fromstring(gains_lines(found))
    names = [item.text for item in figure.iter("span")]
    assert names == ["c00", "c03", "c06", "c08", "c11", "random"]
    assert "5 of 12 choices" in "".join(figure.itertext())


def test_shares_in_common_by_hand():
    """{1 2 3 4} and {1 2 3 9} share three of five; with {1 5 6 7} and {2 5 8 12} one of seven."""
    text = text_of(alike_table(compared_grid(), 4))
    row = text.split(" dpp λ 0.1 60")[0].rpartition("dpp ")[2]
    assert row.split() == ["60", "0", "0", "14"]


def test_a_method_that_ends_before_says_how_many_it_picked():
    few = cell("kcenter", "kcenter", None, 0.2, 3.0, [1, 2, 3])
    text = text_of(compared_page(compared_grid(cells=[few, *compared_grid().cells])))
    assert "picks" in text
    assert "kcenter 3" in text
    assert "random, 2 draws 4" in text


def test_names_are_text_wherever_they_stand():
    found = compared_grid(HOSTILE, space=HOSTILE, told={"DATA": [HOSTILE]}, remarks=[HOSTILE])
    found = replace(found, inputs=[replace(found.inputs[0], name=f"{HOSTILE}\x1b[2J.jsonl")])
    require_harmless(compared_page(found), HOSTILE)


def test_random_choices_alone_have_a_page():
    page = compared_page(compared_grid(cells=compared_grid().cells[-2:]))
    assert "Random choices of 4 of 120 rows" in text_of(page)
