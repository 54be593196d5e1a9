"""The page of a first look in a real browser: nothing of a row runs, all can use it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.conftest import make_rows
from tests.report.browser import needs_browser, opened, search_all, violations, without_script
from tests.report.hostile_rows import HOSTILE

from spanset.cli import main

pytestmark = needs_browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """The page of 208 rows, some of them hostile, in two files, one with a hostile name."""
    folder = tmp_path_factory.mktemp("look")
    rows = make_rows(200)
    for number, text in enumerate(HOSTILE):
        row = {"instruction": text, "input": "", "output": text, "topic": text[:50]}
        rows.insert(number * 20, {**row, text[:50]: "ab"[number % 2]})
    names = ["<img src=x onerror=alert(3)>.jsonl", "plain.jsonl"]
    for name, own in zip(names, (rows[:100], rows[100:]), strict=True):
        lines = "".join(json.dumps(row) + "\n" for row in own)
        (folder / name).write_text(lines + "{<script>alert(4)</script>\n", encoding="utf-8")
    X = np.random.default_rng(0).normal(size=(210, 48))
    X[10:40] = X[10]
    np.save(folder / "x.npy", X)
    words = ["report", *(str(folder / name) for name in names)]
    page = folder / "page.html"
    code = main([*words, "--features", f"array:{folder / 'x.npy'}", "-o", str(page), "--json"])
    assert code == 0
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_opens_in_silence_and_fits(browser, page_file, width, scheme):
    with opened(browser, page_file, width=width, scheme=scheme) as (page, said):
        assert page.locator("h1").inner_text() == "2 files"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("canvas").count() == 1
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(browser, page_file, scheme):
    with opened(browser, page_file, scheme=scheme) as (page, _):
        assert violations(page) == []


def test_rows_are_text_and_nothing_of_them_runs(browser, page_file):
    with opened(browser, page_file) as (page, said):
        search_all(page, HOSTILE)
        assert page.locator("img").count() == 0
        assert page.locator("main a").count() == 0
        assert page.locator("main script").count() == 0
        assert said == []


def test_the_table_searches_sorts_and_turns_pages(browser, page_file):
    with opened(browser, page_file) as (page, _):
        rows, status = page.locator("#rows tbody tr"), page.locator("#rows [role=status]")
        assert status.inner_text() == "208 rows"
        assert "rank" not in page.locator("#rows thead").inner_text()
        page.get_by_role("button", name="next").click()
        assert rows.first.locator("td").last.inner_text().endswith(" 25")
        page.get_by_role("button", name="nearly the same").click()
        assert rows.first.locator("td").nth(1).inner_text() == "30"
        page.get_by_role("button", name="tokens").click()
        assert "xxxxx" in rows.first.inner_text(), "the longest row"
        page.get_by_role("searchbox").fill("RIVER")
        page.wait_for_function(
            "() => document.querySelector('#rows [role=status]').textContent != '208 rows'"
        )
        shown = [rows.nth(number).inner_text().lower() for number in range(rows.count())]
        assert shown
        assert all("river" in text for text in shown)


def test_repeats_can_be_put_aside(browser, page_file):
    with opened(browser, page_file) as (page, _):
        status = page.locator("#rows [role=status]")
        page.get_by_label("like no other row").uncheck()
        assert status.inner_text() == "30 rows"
        page.get_by_label("nearly the same as another").uncheck()
        assert status.inner_text() == "0 rows"


def test_the_map_works_by_keyboard(browser, page_file):
    with opened(browser, page_file) as (page, said):
        page.locator("canvas").focus()
        tip = page.locator("#tip")
        told = set()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "+", "ArrowLeft", "-", "ArrowUp"):
            page.keyboard.press(key)
            told.add(tip.inner_text())
        assert len(told) >= 4
        assert "undefined" not in "".join(told)
        assert "NaN" not in "".join(told)
        page.keyboard.press("Enter")
        assert page.locator("#rows tr[aria-selected=true]").count() == 1
        page.keyboard.press("Escape")
        assert "arrow keys" in tip.inner_text()
        assert said == []


def test_every_table_that_scrolls_is_reached_by_the_keyboard(browser, page_file):
    with opened(browser, page_file, width=360) as (page, _):
        unreached = page.evaluate(
            "[...document.querySelectorAll('.scrolls')]"
            ".filter(one => one.scrollWidth > one.clientWidth && one.tabIndex < 0).length"
        )
        assert unreached == 0


def test_without_scripts_sentence_tables_and_pictures_are_there(browser, page_file, tmp_path):
    quiet = without_script(page_file, tmp_path)
    with opened(browser, quiet) as (page, said):
        assert page.locator(".lead").inner_text().startswith("208 rows in alpaca format")
        assert "2 rows of 210 could not be read" in page.locator(".signs").inner_text()
        assert page.locator("figure svg[role=img]").count() >= 4
        assert page.locator("#map svg circle").count() == 208
        assert page.locator("#rows tbody tr").count() == 20
        assert page.locator("pre code").count() >= 3
        assert said == []
