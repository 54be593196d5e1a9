"""Pages without a map in a real browser: silent, for everybody, tables that their heads sort."""

from __future__ import annotations

import pytest
from tests.report.browser import needs_browser, opened, violations, without_script
from tests.report.compared.compared_grids import compared_grid
from tests.report.measured.measured_outcomes import measure_outcome
from tests.report.tried.kept_trials import kept_trial

from spanset.report.compared.compared_page import compared_page
from spanset.report.measured.measured_page import measured_page
from spanset.report.tried.trial_page import trial_page

pytestmark = needs_browser

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
LONG = "a-name-without-an-end-" * 12
PAGES = {
    "trial": lambda: trial_page(kept_trial((HOSTILE, LONG, "dpp"), (HOSTILE + "e", LONG + "e"))),
    "compare": lambda: compared_page(compared_grid(HOSTILE + LONG, sizes=(2, 4))),
    "measure": lambda: measured_page(measure_outcome((HOSTILE, LONG, "c", "d"))),
}


@pytest.fixture(scope="module", params=PAGES)
def page_file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    path.write_text(PAGES[request.param](), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_opens_in_silence_and_fits(browser, page_file, width, scheme):
    with opened(browser, page_file, width=width, scheme=scheme) as (page, said):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("thead button").count() > 0
        assert page.locator("img").count() == 0
        assert page.locator("main script").count() == 0
        assert said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(browser, page_file, scheme):
    with opened(browser, page_file, scheme=scheme) as (page, _):
        assert violations(page) == []


def column(table, number):
    return [
        table.locator("tbody tr").nth(row).locator("th, td").nth(number).inner_text()
        for row in range(table.locator("tbody tr").count())
    ]


def test_heads_sort_by_numbers_and_words_and_what_has_none_comes_last(browser, tmp_path):
    path = tmp_path / "compare.html"
    path.write_text(compared_page(compared_grid()), encoding="utf-8")
    with opened(browser, path) as (page, said):
        table = page.locator("#choices table")
        heads = table.locator("thead th").all_inner_texts()
        ldd, weight = heads.index("ldd"), heads.index("lambda")
        before = column(table, 0)
        table.get_by_role("button", name="lambda").click()
        assert column(table, weight) == ["0.1", "0.9", "", "", ""]
        table.get_by_role("button", name="lambda").click()
        assert column(table, weight) == ["0.9", "0.1", "", "", ""]
        assert table.locator("th[aria-sort=descending]").inner_text() == "lambda"
        table.get_by_role("button", name="ldd").focus()
        page.keyboard.press("Enter")
        values = [float(text.strip("*").split()[0]) for text in column(table, ldd)]
        assert values == sorted(values)
        assert table.locator("th[aria-sort]").count() == 1
        table.get_by_role("button", name="choice").click()
        assert column(table, 0) == sorted(before)
        assert said == []


def test_without_scripts_everything_is_there(browser, page_file, tmp_path):
    quiet = without_script(page_file, tmp_path)
    with opened(browser, page_file) as (page, _):
        expected = page.locator("main").inner_text()
    with opened(browser, quiet) as (page, said):
        assert page.locator("main").inner_text() == expected
        assert page.locator("thead button").count() == 0
        assert said == []
