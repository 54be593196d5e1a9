"""Links of the README and the docs lead to files and headings, by GitHub's rule for their names."""

import re

import pytest
from tests.places import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
PAGES.append(ROOT / "experiments" / "README.md")
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def places(text):
    """Names of a page's headings: lower case, letters, digits and dashes; repeated ones counted."""
    found = {}
    for heading in re.findall(r"^#{1,6} +(.+?) *$", CODE.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found[name] = found.get(name, -1) + 1
        if found[name]:
            found[f"{name}-{found[name]}"] = 0
    return set(found)


def test_names_of_headings():
    text = "# A `b`: c?\n## Twice\n## Twice\n```sh\n# no heading\n```\n## [Link](x.md), too\n"
    assert places(text) == {"a-b-c", "twice", "twice-1", "link-too"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, place = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{page.name} links to {link}"
        if place:
            assert place in places(target.read_text(encoding="utf-8")), f"{page.name}: {link}"
