"""Do the tests catch faults? Each fault of faults.toml, planted alone in a copy of the checkout.

A fault is a text of one source file, and another that stands in its place; beside it stand the
fewest tests that should fail then. They are run without any fault first, and have to pass. Pytest's
exit code tells: 1 is a fault caught, 0 one that is not; any other is an error, and shown (the tests
are not there, pytest itself fails, or a run takes too long).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

CHECKOUT = Path(__file__).parents[1]
COPIED = ("src", "tests", "benches", "examples", "docs", "README.md", "pyproject.toml")
LIMIT = 600.0  # seconds of one fault's tests; those without a fault may take as long a fault
OUT_OF_TIME = 124  # the exit code that stands for it, as the command timeout gives it
SHOWN = 1_500  # characters of pytest's output, from its end


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    name : str
        What is wrong with it, in a few words.
    file : str
        Below src/spanset.
    old, new : str
        Text that stands in the file once, and what is planted there.
    tests : list of str
        Files below tests, or tests in them, that should catch it.
    """

    name: str
    file: str
    old: str
    new: str
    tests: list[str]

    @property
    def package(self) -> str:
        """The folder that the file lies in, or the file itself."""
        return self.file.partition("/")[0]


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:  # noqa: ARG001 (as every bench)
    """Plant every fault; a line for each on the way."""
    table = tomllib.loads((CHECKOUT / "benches" / "faults.toml").read_text(encoding="utf-8"))
    faults = [Fault(**entry) for entry in table["fault"]][:: 20 if quick else 1]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        _copied(copy)
        _require_planted_once(copy, faults)
        code, seconds, said = _pytest(copy, _union(faults), LIMIT * len(faults), to_end=True)
        if code:
            raise SystemExit(f"without a fault the tests end with {code}:\n{said}")
        print(f"without a fault: passed in {seconds:.0f} s", flush=True)
        found = [_tried(copy, fault) for fault in faults]
    caught = [fault for fault, one in zip(faults, found, strict=True) if one["caught"]]
    print(f"{len(caught)} of {len(faults)} faults caught")
    planted, of_caught = (Counter(one.package for one in some) for some in (faults, caught))
    return {
        "planted": len(faults),
        "caught": len(caught),
        "seconds_without": seconds,
        "packages": {
            name: {"planted": planted[name], "caught": of_caught[name]} for name in planted
        },
        "faults": found,
    }


def _copied(copy: Path) -> None:
    """Copy what tests need of the checkout."""
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=left_out)
        else:
            shutil.copy2(source, copy / name)


def _require_planted_once(copy: Path, faults: Sequence[Fault]) -> None:
    """Refuse a list that no longer fits the code, before any test is run."""
    wrong = [
        f"two faults: {name}" for name, n in Counter(one.name for one in faults).items() if n > 1
    ]
    for fault in faults:
        path = copy / "src" / "spanset" / fault.file
        count = path.read_text(encoding="utf-8").count(fault.old) if path.is_file() else 0
        if count != 1 or fault.old == fault.new:
            wrong.append(f"{fault.file}: {count} places for: {fault.name}")
        missing = [one for one in fault.tests if not (copy / "tests" / _file(one)).is_file()]
        wrong += [f"{fault.name}: no tests/{one}" for one in missing]
    if wrong:
        raise SystemExit("faults.toml does not fit the checkout:\n" + "\n".join(wrong))


def _tried(copy: Path, fault: Fault) -> dict[str, Any]:
    """One fault, planted, tested and taken out again."""
    with _planted(copy / "src" / "spanset" / fault.file, fault):
        code, seconds, said = _pytest(copy, fault.tests, LIMIT)
    outcome = {0: "NOT caught", 1: "caught"}.get(code, f"ERROR {code}")
    print(f"{outcome} in {seconds:.1f} s: {fault.file}: {fault.name}", flush=True)
    found = {
        "name": fault.name,
        "file": fault.file,
        "tests": fault.tests,
        "caught": code == 1,
        "exit_code": code,
        "seconds": seconds,
    }
    if code not in (0, 1):
        print(said)
        found["said"] = said
    return found


@contextmanager
def _planted(path: Path, fault: Fault) -> Iterator[None]:
    """The fault in its file; afterwards the file as it was, its time included."""
    original, status = path.read_bytes(), path.stat()
    path.write_bytes(original.replace(fault.old.encode(), fault.new.encode()))
    try:
        yield
    finally:
        path.write_bytes(original)
        # By size and time Python tells whether what it compiled is still the file's.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _pytest(
    copy: Path, tests: Sequence[str], limit: float, *, to_end: bool = False
) -> tuple[int, float, str]:
    """Exit code, seconds and the end of what pytest says of these tests, up to the first failure.

    Parameters
    ----------
    to_end : bool
        Whether tests after a failure are run, too.
    """
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    words += [] if to_end else ["-x"]
    words += [f"tests/{one}" for one in tests]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
    started = perf_counter()
    try:
        done = subprocess.run(
            words,
            cwd=copy,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return OUT_OF_TIME, perf_counter() - started, f"more than {limit:.0f} seconds"
    said = done.stdout.decode(errors="replace")[-SHOWN:]
    return done.returncode, perf_counter() - started, said


def _union(faults: Sequence[Fault]) -> list[str]:
    """All tests of the faults, each once: of whole files, none by its own name."""
    tests = dict.fromkeys(one for fault in faults for one in fault.tests)
    return [one for one in tests if one == _file(one) or _file(one) not in tests]


def _file(test: str) -> str:
    """The file of a test."""
    return test.partition("::")[0]
