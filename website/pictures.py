"""The README's pictures, taken of the demo as it runs: the table, the page, the curves.

`python -m website pictures` (chromium on the path, extras `plot` and `dev`) writes them to
docs/images: select.svg, report.png, map.png, measure.svg. The same program on the same machine
gives the same bytes; another browser may smooth letters otherwise. sketch.svg comes from
`python -m benches.sketch_figure`, evidence.svg from the command in docs/evidence.md.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 80
SELECT = "spanset select sample.jsonl -k 300 --quality column:rating --by family -o subset.jsonl"
MEASURE = "spanset measure sample.jsonl subset.jsonl --plot measure.svg"
# From the table on; seconds and names of files are left to the text beside the picture.
FIRST, LAST = "Selection", "over 3 random subsets"
WINDOW = (1180, 1000)

# Of rich's own frame, without the font that it would fetch from elsewhere.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-family: sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def take_pictures(root: Path) -> None:
    """Run the demo and replace its pictures in docs/images."""
    images = root / "docs" / "images"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample = [sys.executable, str(root / "examples" / "make_sample.py"), "sample.jsonl"]
        subprocess.run(sample, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        printed = run_in(folder, SELECT)
        (images / "select.svg").write_text(terminal_picture(shown_part(printed)), encoding="utf-8")
        run_in(folder, MEASURE)
        shutil.copyfile(folder / "measure.svg", images / "measure.svg")
        photograph(folder / "subset.run" / "report.html", images)


def run_in(folder: Path, command: str) -> str:
    """What a command prints, with the colours that a terminal gets."""
    colours = {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env={**os.environ, **colours, "XDG_CACHE_HOME": str(folder / "cache")},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout.decode("utf-8")


def shown_part(printed: str) -> str:
    """The lines from the table to its explanation."""
    lines = printed.splitlines()
    plain = [Text.from_ansi(line).plain.strip() for line in lines]
    first = plain.index(FIRST)
    last = next(place for place, line in enumerate(plain) if LAST in line)
    return "\n".join(line.rstrip() for line in lines[first : last + 1])


def terminal_picture(text: str) -> str:
    """Text with its colours as a picture of a terminal, SVG that fetches nothing."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title=SELECT, code_format=FRAME, unique_id="terminal")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def photograph(page: Path, images: Path) -> None:
    """The page's head and its map, in light colours, with a row of the map pointed at."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        opened = browser.new_page(
            viewport={"width": WINDOW[0], "height": WINDOW[1]}, color_scheme="light"
        )
        opened.goto(page.as_uri())
        canvas = opened.locator("#map canvas").first
        canvas.focus()
        opened.keyboard.press("ArrowRight")
        canvas.evaluate("canvas => canvas.blur()")
        opened.locator("#mapped").screenshot(path=images / "map.png")
        opened.evaluate("scrollTo(0, 0)")
        second = opened.locator("#pictures figure").nth(1)
        bottom = second.evaluate("figure => figure.getBoundingClientRect().bottom")
        opened.screenshot(
            path=images / "report.png",
            clip={"x": 0, "y": 0, "width": WINDOW[0], "height": bottom},
        )
        browser.close()
