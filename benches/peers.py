"""Every task by spanset and by each other tool that can do it, on the same rows and vectors.

Each tool runs in an environment of its own (``python -m benches.peer_tools.environments FOLDER``,
then ``python -m benches run peers --peers FOLDER``) as a process on one core with one thread. What
counts are seconds of the processor: those on the clock depend on what else runs. A task that takes
no more than half a minute is done three times, in turn with the others, and the median counts.
Tools whose environment is missing are skipped. DEITA is on no package index: it takes part where
FOLDER/deita is an environment with its source and what that imports. ``--only TASK,TASK`` measures
some again, or goes on after a run that was ended; the others' results stay.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benches.peer_tools import inputs
from benches.peer_tools.comparisons import Found, Made
from benches.peer_tools.environments import REQUIREMENTS, installed, python_of
from benches.peer_tools.tasks import TASKS, Entry, Task

ADAPTERS = Path(__file__).parent / "peer_tools" / "adapters"
RESULT = Path(__file__).parent / "results" / "peers.json"
ROUNDS, SHORT = 3, 30.0  # rounds of what takes no more seconds of the processor
SPANSET = "spanset"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(
    data: Path, *, quick: bool = False, peers: Path | None = None, only: str = ""
) -> dict[str, Any]:
    """Measure every task; a line for each way."""
    asked = [task for task in TASKS if not only or task.name in only.split(",")]
    tasks: dict[str, Any] = {}
    if only and not quick and RESULT.exists():
        tasks = json.loads(RESULT.read_text())["tasks"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"  # nothing of a run before is found
        made = Made(folder, inputs.make(data, folder, quick=quick))
        for task in asked:
            tasks[task.name] = _measured(task, made, peers, 1 if quick else ROUNDS)
    took = installed(peers) if peers else {}
    return {
        "installed": {
            name: {**({} if name.startswith(SPANSET) else {"asked_for": REQUIREMENTS[name]}), **one}
            for name, one in took.items()
        },
        "tasks": {task.name: tasks[task.name] for task in TASKS if task.name in tasks},
    }


def _measured(task: Task, made: Made, peers: Path | None, rounds: int) -> dict[str, Any]:
    """Ways in turn, round by round, so that all meet the same of what else runs."""
    ways = {SPANSET: Entry(SPANSET, "by_spanset.py", task.name), **task.peers}
    ways = {way: entry for way, entry in ways.items() if _python(entry, peers).exists()}
    for entry in task.also.values():
        if _python(entry, peers).exists():
            _child(entry, made.folder, peers)
    rounds_of: dict[str, list[Found]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, entry in ways.items():
            done = rounds_of[way]
            if done and ("fault" in done[0] or done[0]["cpu_seconds"] > SHORT):
                continue
            done.append(_child(entry, made.folder, peers))
    ours = rounds_of[SPANSET]
    print(task.title)
    results: dict[str, Any] = {"title": task.title}
    for way, found in rounds_of.items():
        results[way] = _summary(task, made, found, ours)
        print(f"  {way}: {results[way]}", flush=True)
    return results


def _summary(task: Task, made: Made, found: list[Found], ours: list[Found]) -> dict[str, Any]:
    if "fault" in found[-1]:
        return {"fault": found[-1]["fault"]}
    seconds = median(one["cpu_seconds"] for one in found)
    return {
        "cpu_seconds": [round(one["cpu_seconds"], 3) for one in found],
        "times_of_spanset": seconds / median(one["cpu_seconds"] for one in ours),
        "clock_seconds": [round(one["seconds"], 3) for one in found],
        "extra_gib": max(one["extra_bytes"] for one in found) / 2**30,
        **task.compare(made, found[0], ours[0]),
    }


def _python(entry: Entry, peers: Path | None) -> Path:
    if entry.tool == SPANSET:
        return Path(sys.executable)
    return python_of(peers, entry.tool) if peers else Path("no peers")


def _child(entry: Entry, folder: Path, peers: Path | None) -> Found:
    """One adapter on one core; what it found, or the last line of its complaint."""
    output = folder / "output.json"
    output.unlink(missing_ok=True)
    command = [str(_python(entry, peers)), str(ADAPTERS / entry.adapter), entry.task]
    done = subprocess.run(
        [*command, str(folder), str(output)],
        env={**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=_one_core,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not output.exists():
        return {"fault": (done.stderr.strip().splitlines() or ["no word"])[-1][:300]}
    return {"name": entry.tool, **json.loads(output.read_text())}


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
