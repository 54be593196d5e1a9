"""The site as it is made: strict about links, closed in itself, and searchable from its files."""

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from tests.places import ROOT
from tests.report.browser import chromium, needs_browser, opened

import spanset

for module in ("sphinx", "myst_parser", "furo"):
    if importlib.util.find_spec(module) is None:
        pytest.skip("the extra `docs` is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "website", "build", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Seen(HTMLParser):
    """What a page fetches, what it links to, and the places in it."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.linked, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.places |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a":
            self.linked.append(values.get("href") or "")
        elif values.get("href") or values.get("src"):
            self.fetched.append(values.get("href") or values.get("src"))


def test_nothing_is_fetched_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        fetched = Seen(page.read_text(encoding="utf-8")).fetched
        assert fetched
        outside = [link for link in fetched if re.match(r"(\w+:)?//|https?:", link)]
        assert outside == [], page.name
    for style in site.rglob("*.css"):
        found = re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text("utf-8"))
        assert found == [], style.name


def test_every_link_leads_to_a_page_and_a_place(site):
    seen = {page: Seen(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    for page, content in seen.items():
        for link in content.linked:
            path, _, place = link.partition("#")
            if re.match(r"\w+:", path) or not link:
                continue
            target = (page.parent / unquote(path)).resolve() if path else page
            assert target.is_file(), f"{page.name} links to {link}"
            if place and target in seen:
                assert unquote(place) in seen[target].places, f"{page.name} links to {link}"


def test_every_public_name_is_described(site):
    page = (site / "docs" / "python.html").read_text(encoding="utf-8")
    for name in spanset.__all__:
        assert name == "__version__" or f'id="spanset.{name}"' in page


def test_a_link_that_leads_nowhere_fails(tmp_path):
    (tmp_path / "index.md").write_text(
        "# A\n\n[gone](gone.md)\n\n[place](b.md#gone)\n\n[here](b.md#here-it-is)\n\n"
        "```{toctree}\nb\n```\n"
    )
    (tmp_path / "b.md").write_text("# B\n\n## Here it is\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    command += ["-c", str(ROOT / "website"), str(tmp_path), str(tmp_path / "made")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "gone.md" in done.stderr
    assert done.stderr.count("WARNING") == 2, done.stderr


@needs_browser
def test_search_works_from_the_file_system(site):
    with chromium() as browser, opened(browser, site / "index.html") as (page, said):
        page.locator("input[name=q]").first.fill("gamma")
        page.keyboard.press("Enter")
        # Results come one after another.
        page.wait_for_selector("#search-results li a:has-text('Method')")
        assert [text for text in said if not text.startswith("file:")] == []
