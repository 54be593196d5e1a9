"""What the site is made of: every page has a place, every flag and name a text."""

import re

from tests.places import ROOT
from website.command_pages import command_names, command_page, command_pages
from website.navigation import listed_pages, pages_without_a_place
from website.python_page import python_page
from website.staging import stage

import spanset
from spanset.cli import main


def test_every_page_of_the_docs_has_one_place():
    assert pages_without_a_place(ROOT) == []
    assert len(set(listed_pages())) == len(listed_pages())


def test_a_page_without_a_place_is_told(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "stray.md").write_text("# Stray\n")
    (tmp_path / "docs" / "why.md").write_text("# Why\n")
    assert pages_without_a_place(tmp_path) == ["docs/stray"]


def test_pages_lie_as_in_the_repository_with_what_they_link_to(tmp_path):
    root = tmp_path / "root"
    for page in ["README", *listed_pages()]:
        path = root / f"{page}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {page}\n")
    (root / "README.md").write_text("# Home\n[the code](benches/code.py) [why](docs/why.md)\n")
    (root / "docs" / "why.md").write_text("# Why\n[home](../README.md#start) ![](images/a.svg)\n")
    for name in ("benches/code.py", "docs/images/a.svg", "docs/images/unused.svg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(name)
    stage(root, tmp_path / "pages")
    laid = {str(path.relative_to(tmp_path / "pages")) for path in tmp_path.glob("pages/**/*.*")}
    assert {"index.md", "docs/why.md", "benches/code.py", "docs/images/a.svg"} < laid
    assert not {"README.md", "docs/images/unused.svg"} & laid
    assert "../index.md#start" in (tmp_path / "pages" / "docs" / "why.md").read_text()


def test_every_flag_that_help_prints_stands_on_its_commands_page(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    pages = command_pages()
    assert {"select", "measure", "report", "trial"} < set(pages)
    for name in command_names():
        assert main([name, "--help"]) == 0
        flags = re.findall(r"^│ [* ]*((?:[A-Z-]\S* ?)+)", capsys.readouterr().out, re.MULTILINE)
        printed = {flag for line in flags for flag in re.findall(r"--[a-z][\w-]*", line)}
        options = re.findall(r"^````\{option\} (.*)$", pages[name], re.MULTILINE)
        listed = {flag for line in options for flag in re.findall(r"--[a-z][\w-]*", line)}
        assert printed == listed, name


def test_a_command_page_has_a_heading_a_group_and_a_place_a_flag():
    text = (
        "# pick\n\n```console\npick -m x [OPTIONS] DATA\n```\n\nPick rows.\n\n**Choice**:\n\n"
        "* `--k, -k STR`: How many, unlike --tokens or `--x y`;\n    all by default. "
        "*[default: ()]*\n* `--far`: Go on. *[default: False]*"
    )
    assert command_page("pick", text) == (
        "# spanset pick\n\n```{program} spanset pick\n```\n\n"
        "```console\nspanset pick [OPTIONS] DATA\n```\n\nPick rows.\n\n## Choice\n\n"
        "````{option} --k, -k STR\nHow many, unlike `--tokens` or `--x y`; all by default.\n````"
        "\n\n````{option} --far\nGo on.\n````\n"
    )


def test_every_public_name_stands_on_the_python_page():
    page = python_page()
    public = [name for name in spanset.__all__ if name != "__version__"]
    assert sorted(re.findall(r":: spanset\.(\w+)$", page, re.MULTILINE)) == sorted(public)
