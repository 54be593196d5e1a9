"""Views on the page of a notebook: nothing of a row runs, no style leaves the frame."""

from __future__ import annotations

import pytest
from tests.conftest import make_rows
from tests.report.browser import chromium, needs_browser, opened
from tests.report.notebook.parsed_html import HOSTILE

import spanset

pytestmark = needs_browser

# Rules that notebooks have for tables, and a paragraph of the user's own.
PAGE = """<!doctype html><meta charset="utf-8"><title>quiet</title>
<style>body{background:BACK;color:INK;font-size:14px}td,th{text-align:right}</style>
<p id="own">own</p><table id="table"><tr><td>own</td></tr></table><main>VIEWS</main>"""
INKS = {"light": ("rgb(255, 255, 255)", "rgb(20, 20, 20)"),
        "dark": ("rgb(17, 17, 17)", "rgb(230, 230, 230)")}  # fmt: skip
LOOK = """id => { const style = getComputedStyle(document.querySelector(id));
  return [style.color, style.fontSize, style.textAlign, style.borderBottomWidth, style.opacity] }"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def views():
    rows = [{"instruction": HOSTILE, "output": HOSTILE}, *make_rows(60)]
    data = spanset.read(rows)
    pick = spanset.select(data, 20)
    sets = spanset.measure({HOSTILE: data, "b": data[:40]}, ["ldd", "vendi"], n=20, draws=2)
    shown = [data, spanset.show(data), pick, sets[0].measurements["ldd"], sets]
    return "".join(one._repr_html_() for one in shown)


def page_of(views, scheme, path):
    back, ink = INKS[scheme]
    text = PAGE.replace("BACK", back).replace("INK", ink).replace("VIEWS", views)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_runs_it_fits_and_takes_the_colour_around_it(
    browser, views, tmp_path, scheme, width
):
    # The browser is set to the other scheme: a notebook has a theme of its own.
    other = "dark" if scheme == "light" else "light"
    page_file = page_of(views, scheme, tmp_path / "page.html")
    with opened(browser, page_file, width=width, scheme=other) as (page, said):
        assert said == []
        assert page.title() == "quiet"
        assert page.locator("main script, main img, main a").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ink = INKS[scheme][1]
        assert page.evaluate(LOOK, ".spanset td")[0] == ink
        fill = "getComputedStyle(document.querySelector('.spanset svg text')).fill"
        assert page.evaluate(fill) == ink
        assert page.evaluate(LOOK, ".spanset td")[2] == "left"


def test_what_is_around_it_looks_as_it_did(browser, views, tmp_path):
    looks = []
    for shown in ("", views):
        with opened(browser, page_of(shown, "light", tmp_path / "page.html")) as (page, _):
            looks.append([page.evaluate(LOOK, name) for name in ("#own", "#table", "#table td")])
    assert looks[0] == looks[1]
