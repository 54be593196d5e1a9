"""`python -m website build`, `links` or `pictures`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from website.pictures import take_pictures
from website.staging import stage

ROOT = Path(__file__).parents[1]


def run_sphinx(root: Path, target: Path, builder: str) -> int:
    """Lay the pages out in `target` and have Sphinx make something of them.

    Returns
    -------
    int
        Its exit code; not 0 where a link or an anchor leads nowhere.
    """
    pages, made = target / "pages", target / ("site" if builder == "html" else builder)
    for folder in (pages, made):
        shutil.rmtree(folder, ignore_errors=True)
    stage(root, pages)
    options = ["-b", builder, "-q", "-E", "-W", "--keep-going", "-c", str(Path(__file__).parent)]
    options += ["-d", str(target / "doctrees")]
    return subprocess.call([sys.executable, "-m", "sphinx", *options, str(pages), str(made)])


def main(arguments: list[str]) -> int:
    """Run one of the three; `build` and `links` take a folder to build in, by default build."""
    command, target = [*arguments, "", ""][:2]
    folder = Path(target) if target else ROOT / "build"
    if command == "build":
        code = run_sphinx(ROOT, folder, "html")
        if code == 0:
            print(f"open {folder / 'site' / 'index.html'}")
        return code
    if command == "links":
        code = run_sphinx(ROOT, folder, "linkcheck")
        print((folder / "linkcheck" / "output.txt").read_text(encoding="utf-8"), end="")
        return code
    if command == "pictures":
        take_pictures(ROOT)
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
