"""A million rows, ten thousand picks: a factor larger than memory, in a file; two rounds beside it.

Rows are made as the scale bench makes them, features are static. Exact from disk, exact in memory
for as many picks as it holds (the order is nested: they have to be the first of the others), and in
two rounds; each a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benches.scale import make

ROWS, PICKS, HELD = 1_000_000, 10_000, 2_000  # picks that memory holds
MAKE = """
import sys, time, numpy as np, spanset
started = time.perf_counter()
data = spanset.read(sys.argv[1])
read = time.perf_counter()
X = spanset.represent(data, "static")
made = time.perf_counter()
np.save(sys.argv[2], X)
import json
print(json.dumps({"read_seconds": read - started, "static_seconds": made - read}))
"""
CHOOSE = """
import json, sys, time, numpy as np, spanset
from spanset.base.memory import peak_bytes
from spanset.base.stages import SILENT
path, k, rounds, scratch, out = sys.argv[1:6]
notes = []
class Told(type(SILENT)):
    def note(self, text):
        notes.append(text)
X = np.load(path, mmap_mode="r")
started = time.perf_counter()
picks = spanset.select(X, int(k), rounds=int(rounds), scratch=scratch, watcher=Told())
seconds = time.perf_counter() - started
np.save(out, picks.order)
print(json.dumps({
    "rows": len(X), "dimension": X.shape[1], "picks": len(picks), "seconds": seconds,
    "peak_bytes": peak_bytes(), "log_det": picks.log_det, "last_gain": float(picks.gains[-1]),
    "settled": picks.settled, "smallest_margin": picks.smallest_margin, "notes": notes,
}))
"""


def run(_data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Measure it."""
    rows, k, held = (20_000, 400, 200) if quick else (ROWS, PICKS, HELD)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make(_data / "alpaca_data.json.gz", place / "rows.jsonl", rows)
        found: dict[str, Any] = {
            "features": _child(MAKE, place / "rows.jsonl", place / "x.npy"),
        }
        print(found["features"])
        for name, picks, rounds in (("in memory", held, 1), ("two rounds", k, 2), ("exact", k, 1)):
            found[name] = _child(
                CHOOSE, place / "x.npy", picks, rounds, place, place / f"{rounds}{picks}"
            )
            notes = found[name]["notes"]
            found[name]["notes"] = [note.replace(folder, "SCRATCH") for note in notes]
            print(name, found[name], flush=True)
        first, exact, parted = (
            np.load(place / name) for name in (f"1{held}.npy", f"1{k}.npy", f"2{k}.npy")
        )
        found["first_picks_equal"] = int((first == exact[:held]).sum())
        found["picks_in_common_with_two_rounds"] = len(np.intersect1d(exact, parted))
        lost = found["exact"]["log_det"] - found["two rounds"]["log_det"]
        found["lost_by_two_rounds"] = lost
        print(
            f"{found['first_picks_equal']:,} of {held:,} first picks equal; two rounds lose "
            f"{lost:.2f} nats of log det, {lost / k:.5f} a pick"
        )
    return found


def _child(code: str, *arguments: object) -> dict[str, Any]:
    words = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    return json.loads(done.stdout.strip().rpartition("\n")[2])
