"""Chromium without a window and without a network; tests that need it skip where it is absent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, for a module of tests at most: its driver has an event loop of its own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Any, path: Path, *, width: int = 1440, scheme: str = "light"
) -> Iterator[tuple[Any, list[str]]]:
    """The page, opened from its file; and what it said to the console or tried to fetch."""
    said: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    said.remove(path.as_uri())
    yield page, said
    context.close()


def violations(page: Any) -> list[tuple[str, str]]:
    """What not everybody could use, by axe: rule and element; skips where axe is absent."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed"
    )
    found = axe.Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


def search_all(page: Any, texts: Sequence[str]) -> None:
    """Search the table of rows for the first word of each text, until a row shows it as text."""
    search = page.get_by_role("searchbox")
    for text in texts:
        word = text.split()[0].removeprefix("\u202e")
        search.fill(word)
        page.wait_for_function(
            "text => [...document.querySelectorAll('#rows td.text bdi')]"
            ".some(one => one.textContent.includes(text))",
            arg=word,
        )


def without_script(page: Path, folder: Path) -> Path:
    """A copy of a page in which its script is missing."""
    text = page.read_text(encoding="utf-8")
    start = text.index("<script>", text.index('id="values"'))
    quiet = folder / "quiet.html"
    quiet.write_text(text[:start] + text[text.index("</script>", start) + 9 :], encoding="utf-8")
    return quiet
