"""Row numbers out of a run folder, or a file such as its ids.txt."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import DataError
from spanset.data.containers.opening import cannot_open


def read_ids(name: str) -> IntArray:
    """Row numbers in a run folder's ids.txt, or in such a file; best first.

    Raises
    ------
    DataError
        A file that cannot be read, a line that is no row number, a number twice, or none.
    """
    path = Path(name) / "ids.txt" if os.path.isdir(name) else Path(name)  # noqa: PTH112
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise cannot_open(path, error) from error
    except UnicodeDecodeError as error:
        raise DataError("not a list of row numbers", where=name, fix="give an ids.txt") from error
    seen: dict[int, int] = {}
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
            raise DataError(
                f"{text[:40]!r} is no row number",
                where=f"{path}:{line}",
                fix="give a file with one row number a line, as ids.txt of a run folder",
            )
        row = int(text)
        if row in seen:
            raise DataError(
                f"row {row} is there twice",
                where=f"{path}:{line}",
                why=f"it is on line {seen[row]} already",
                fix="keep it once",
            )
        seen[row] = line
    if not seen:
        raise DataError("no row number", where=str(path), fix="give one a line")
    return np.array(list(seen), dtype=np.int64)
