"""The page of a selection in a real browser: nothing of a row runs, map and table work."""

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
    """The page of 40 of 128 rows, some of them hostile, in a file with a hostile name."""
    folder = tmp_path_factory.mktemp("page")
    rows = make_rows(120)
    rows += [{"instruction": text, "input": "", "output": text} for text in HOSTILE]
    path = folder / "<img src=x onerror=alert(3)>.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    X = np.random.default_rng(0).normal(size=(len(rows), 48))
    X[10:40] = X[10]
    np.save(folder / "x.npy", X)
    words = ["select", str(path), "-k", "40", "--features", f"array:{folder / 'x.npy'}"]
    code = main([*words, "--quality", "output_tokens", "--run", str(folder / "run"), "--json"])
    assert code == 0
    return folder / "run" / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_opens_in_silence_and_fits(browser, page_file, width, scheme):
    with opened(browser, page_file, width=width, scheme=scheme) as (page, said):
        assert page.locator("h1").inner_text() == "40 of 128 rows"
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
        assert page.locator("#rows script").count() == 0
        assert said == []


def test_the_table_searches_sorts_and_turns_pages(browser, page_file):
    with opened(browser, page_file) as (page, _):
        rows, status = page.locator("#rows tbody tr"), page.locator("#rows [role=status]")
        assert status.inner_text() == "128 rows"
        assert rows.count() == 25
        assert rows.first.locator("td").first.inner_text() == "1"
        page.get_by_role("button", name="next").click()
        assert rows.first.locator("td").first.inner_text() == "26"
        page.get_by_role("button", name="tokens").click()
        assert "xxxxx" in rows.first.inner_text(), "the longest row"
        page.get_by_role("button", name="tokens").click()
        assert page.locator("th[aria-sort=descending]").inner_text() == "tokens"
        page.get_by_role("searchbox").fill("RIVER")
        page.wait_for_function(
            "() => document.querySelector('#rows [role=status]').textContent != '128 rows'"
        )
        shown = [rows.nth(number).inner_text().lower() for number in range(rows.count())]
        assert shown
        assert all("river" in text for text in shown)


def test_kinds_and_groups_of_rows_can_be_put_aside(browser, page_file):
    with opened(browser, page_file) as (page, _):
        status = page.locator("#rows [role=status]")
        page.get_by_label("left out (").uncheck()
        repeats = page.locator(".bar-of label", has_text="near duplicate").inner_text()
        twins = int(repeats.split("(")[1].rstrip(")"))
        assert twins == 29, "of thirty equal rows one is picked"
        assert status.inner_text() == f"{40 + twins} rows"
        page.get_by_label("left out as near").uncheck()
        assert status.inner_text() == "40 rows"
        page.get_by_label("group").select_option(index=1)
        assert int(status.inner_text().split()[0]) < 40


def test_the_map_works_by_mouse(browser, page_file):
    with opened(browser, page_file) as (page, said):
        canvas, tip = page.locator("canvas"), page.locator("#tip")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        status = page.locator("#rows [role=status]")
        left, right = box["x"] + 2, box["x"] + box["width"] - 2
        top, bottom = box["y"] + 2, box["y"] + box["height"] - 2
        middle = (left + right) / 2
        page.mouse.move(left, top)
        page.mouse.down()
        for x, y in ((middle, top), (middle, bottom), (left, bottom), (left, top)):
            page.mouse.move(x, y, steps=4)
        page.mouse.up()
        among = int(status.inner_text().split()[0])
        assert 0 < among < 128
        page.get_by_role("button", name="let go").click()
        assert status.inner_text() == "128 rows"
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box is not None
        for x in range(int(left), int(right), 12):
            page.mouse.move(x, box["y"] + box["height"] / 2)
            if "rank" in tip.inner_text():
                break
        assert "tokens" in tip.inner_text()
        assert said == []


def test_the_map_works_by_keyboard(browser, page_file):
    with opened(browser, page_file) as (page, said):
        page.locator("canvas").focus()
        tip = page.locator("#tip")
        told = set()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "+", "ArrowLeft", "-", "ArrowUp"):
            page.keyboard.press(key)
            told.add(tip.inner_text())
        assert len(told) >= 4
        page.keyboard.press("Enter")
        assert page.locator("#rows tr[aria-selected=true]").count() == 1
        page.keyboard.press("Escape")
        assert "arrow keys" in tip.inner_text()
        assert said == []


def test_without_scripts_sentence_pictures_and_first_rows_are_there(browser, page_file, tmp_path):
    quiet = without_script(page_file, tmp_path)
    with opened(browser, quiet) as (page, said):
        assert page.locator("figure svg").count() >= 4
        assert page.locator("#map svg circle").count() == 128
        assert page.locator("#rows tbody tr").count() == 20
        assert said == []
