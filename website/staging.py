"""The pages, laid out for Sphinx as they lie in the repository: the same links work in both."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from website.command_pages import command_index, command_pages
from website.navigation import MADE, listed_pages, pages_without_a_place, table_of_contents
from website.python_page import python_page

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def stage(root: Path, target: Path) -> None:
    """Copy the pages and what they link to; write those that come from the program.

    Raises
    ------
    SystemExit
        Of a page that has no place in the navigation, or of a place without a page.
    """
    if lost := pages_without_a_place(root):
        raise SystemExit(f"not in website/navigation.py: {', '.join(lost)}")
    pages = [page for page in listed_pages() if page not in MADE]
    if absent := [page for page in pages if not (root / f"{page}.md").exists()]:
        raise SystemExit(f"in website/navigation.py, but not there: {', '.join(absent)}")
    target.mkdir(parents=True)
    for page in ["README", *pages]:
        source = root / f"{page}.md"
        text = source.read_text(encoding="utf-8")
        for link in LINK.findall(text):
            copy_linked(root, (source.parent / link).resolve(), target)
        write(target / f"{page}.md", text)
    first = target / "README.md"
    write(target / "index.md", first.read_text(encoding="utf-8") + "\n" + table_of_contents())
    first.unlink()
    write(target / "docs" / "commands.md", command_index())
    for name, text in command_pages().items():
        write(target / "docs" / "commands" / f"{name}.md", text)
    write(target / "docs" / "python.rst", python_page())


def copy_linked(root: Path, path: Path, target: Path) -> None:
    """A picture or another file that a page links to; pages themselves are copied anyway."""
    if path.is_file() and path.suffix != ".md" and path.is_relative_to(root):
        place = target / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def write(path: Path, text: str) -> None:
    """A page, with the first page under the name that browsers open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r"(\]\((?:\.\./)?)README\.md", r"\1index.md", text), encoding="utf-8")
