"""An environment for each tool, so that none meets the packages of another.

``python -m benches.peer_tools.environments FOLDER [NAME ...]`` makes those that are missing below
FOLDER and notes in FOLDER/installed.json what each took: seconds (they depend on the network and on
what else runs), packages, and MB of what was installed, without pip's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT = 1_200  # seconds: an install that takes longer is given up

# torch 2.13.0 is named where a tool needs some torch: the same one for all.
REQUIREMENTS = {
    "spanset": ("-c", str(ROOT / "constraints.txt"), str(ROOT)),
    "spanset-models": ("-c", str(ROOT / "constraints.txt"), f"{ROOT}[models]"),
    "semhash": ("semhash==0.5.0",),
    "datasketch": ("datasketch==2.0.0",),
    "apricot": ("apricot-select==0.6.1", "scikit-learn==1.9.1"),  # it imports, but does not name it
    "submodlib": ("submodlib-py==0.0.3",),
    "dppy": ("dppy==0.3.3",),
    "cleanlab": ("cleanlab[datalab]==2.9.0",),
    "bergson": ("bergson==2.5.1", "torch==2.13.0"),
    # It imports aiohttp without naming it, and would install scipy when it is needed.
    "data-juicer": ("py-data-juicer==1.6.1", "aiohttp==3.14.5", "scipy==1.17.1"),
    "nemo-curator": ("nemo-curator[text_cpu]==1.4.0", "torch==2.13.0"),
    "text-dedup": ("text-dedup==0.4.0",),  # the last that takes Python 3.11
    "lilac": ("lilac==0.3.9",),
    "distilabel": ("distilabel==1.5.3",),
    "argilla": ("argilla==2.8.0",),
}
# Built for CUDA on the index: beside a torch for the CPU they keep transformers from being
# imported. bergson asks for them and does not use them.
REMOVED = {"bergson": ("torchvision", "torchaudio")}
RECORD = "installed.json"


def python_of(folder: Path, name: str) -> Path:
    """The interpreter of a tool's environment."""
    return folder / name / "bin" / "python"


def installed(folder: Path) -> dict[str, Any]:
    """What the environments took, by name."""
    path = folder / RECORD
    return json.loads(path.read_text()) if path.exists() else {}


def make(folder: Path, name: str) -> dict[str, Any]:
    """Make one environment; its seconds, MB and packages, or how the install failed."""
    place = folder / name
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    bare = _megabytes(place)
    pip = [str(python_of(folder, name)), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    started = perf_counter()
    try:
        done = subprocess.run(
            [*pip, *REQUIREMENTS[name]], capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return {"fault": f"not done after {LIMIT} s"}
    seconds = perf_counter() - started
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        return {"fault": " ".join(lines[-3:])[:400], "seconds": round(seconds)}
    if name in REMOVED:
        subprocess.run([*pip[:3], "uninstall", "--quiet", "--yes", *REMOVED[name]], check=True)
    packages = len(list(place.glob("lib/*/site-packages/*.dist-info")))
    return {
        "seconds": round(seconds),
        "megabytes": _megabytes(place) - bare,
        "packages": packages - 2,  # without pip and setuptools
    }


def _megabytes(place: Path) -> int:
    """What the files take: names of the same file count once, compiled bytes not at all."""
    files = {
        (stat.st_dev, stat.st_ino): stat.st_size
        for path in place.rglob("*")
        if path.suffix != ".pyc" and not path.is_symlink() and path.is_file()
        for stat in [path.stat()]
    }
    return round(sum(files.values()) / 1e6)


def main() -> None:
    """Make what is missing."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or REQUIREMENTS:
        record = installed(folder)
        if name in record and "fault" not in record[name]:
            continue
        record[name] = make(folder, name)
        (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")
        print(name, record[name], flush=True)


if __name__ == "__main__":
    main()
