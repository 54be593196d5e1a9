"""Pages of selections: seconds and memory of making one, its size, and seconds until it is open.

Alpaca's rows and their sentence features, as often as it takes; copies beyond the first have noise
in their features. A tenth is chosen by `random`, so that next to nothing but the page costs
anything; the same run without a page stands beside. Opened in chromium, where that is installed,
until the table of rows is there.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

SIZES = (3_000, 52_002, 1_000_000)
NOISE = 0.3  # length of it beside a unit row


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Make and open pages of every size."""
    with gzip.open(data / "alpaca_data.json.gz", "rt", encoding="utf-8") as file:
        rows = [json.dumps(row) for row in json.load(file)]
    X = np.load(data / "alpaca_minilm_384.npy")
    found = []
    for size in SIZES[:1] if quick else SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(folder, rows, X, size)
            plain = selected(folder, "--no-report")
            made = selected(folder)
            page = folder / "run" / "report.html"
            found.append(
                {
                    "rows": size,
                    "picks": made["picked"],
                    "seconds": made["seconds"]["report"],
                    "whole_run_seconds": sum(made["seconds"].values()),
                    "peak_gib": made["peak_bytes"] / 2**30,
                    "peak_gib_without": plain["peak_bytes"] / 2**30,
                    "megabytes": page.stat().st_size / 1e6,
                    "seconds_to_open": opened(page),
                }
            )
            print(found[-1], flush=True)
    return {"pages": found}


def write(folder: Path, rows: list[str], X: np.ndarray, size: int) -> None:
    """So many rows, and their features."""
    rng = np.random.default_rng(0)
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(size):
            file.write(rows[number % len(rows)] + "\n")
    wide = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float16, (size, X.shape[1]))
    for start in range(0, size, len(X)):
        some = X[: size - start].astype(np.float32)
        if start:
            noise = rng.standard_normal(some.shape, np.float32)
            some += NOISE / np.sqrt(X.shape[1]) * noise
        wide[start : start + len(some)] = some


def selected(folder: Path, *flags: str) -> dict[str, Any]:
    """The record of a run in a process of its own."""
    words = ["select", "rows.jsonl", "-k", "10%", "--method", "random", "--draws", "1", "--force"]
    command = [*words, "--features", "array:x.npy", "--run", "run", "--json", *flags]
    made = subprocess.run(
        [sys.executable, "-m", "spanset", *command],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(made.stdout)


def opened(page: Path) -> float | None:
    """Seconds until the table of rows is there; None without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_context(offline=True).new_page()
        started = perf_counter()
        shown.goto(page.as_uri())
        shown.locator("canvas").wait_for()
        seconds = perf_counter() - started
        browser.close()
    return seconds
