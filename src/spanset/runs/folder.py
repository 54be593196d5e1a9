"""The run folder: what was chosen, from what, how, and by which versions.

    manifest.json      versions, seeds, digests, counts; complete: true is written last; the one
                       file that no digest covers, but for timings.json
    config.toml        resolved settings; `spanset select --config` reads them back
    selection.parquet  rank, row id, source, line, gain, score, log quality, tokens
    repeats.parquet    of --method dedup: each row dropped, and the row that stays for it
    ids.txt            row numbers in rank order, for `datasets.Dataset.select`
    subset.jsonl       the rows, unless they went elsewhere
    bad_rows.jsonl     rows left out, if any
    report.html        all of it to look at
    README.md          a data set card; train_trl.py and others load the subset (see handoff/)
    timings.json       seconds a stage and peak memory: all that may differ between equal runs

The folder is filled under another name and renamed when all is in it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from spanset.base.errors import OutputError, UsageError
from spanset.base.file_digest import sha256_of
from spanset.data.row_places import places_of
from spanset.data.writing.row_files import cannot_write
from spanset.runs.finished import FinishedRun
from spanset.runs.manifest import manifest

PAGE = "report.html"


def refuse_folder(path: Path, *, force: bool) -> None:
    """Refuse a run folder that exists; with `force`, one that is not a run folder."""
    if not os.path.exists(path):  # noqa: PTH110
        if not os.path.isdir(path.parent):  # noqa: PTH112
            raise UsageError(
                "the run folder's parent does not exist",
                where=str(path),
                fix=f"mkdir -p {path.parent}",
            )
        return
    if not force:
        raise UsageError(
            "the run folder exists",
            where=str(path),
            fix="choose another with --run, or replace it with --force",
        )
    # Both: a feature store has a manifest, too.
    if not all(os.path.isfile(path / name) for name in ("config.toml", "manifest.json")):  # noqa: PTH113
        raise UsageError(
            "the folder exists and is no run folder: it will not be replaced",
            where=str(path),
            why="it does not hold both config.toml and manifest.json",
            fix="choose another with --run",
        )


@contextmanager
def run_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Folder to fill; it becomes `path` when the block ends well, and is removed otherwise."""
    refuse_folder(path, force=force)
    try:
        partial = Path(
            tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        )
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield partial
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o777 & ~umask)  # mkdtemp makes it private; a result is an ordinary folder
        old = partial.with_suffix(".old")
        if path.exists():
            path.rename(old)
        try:
            partial.rename(path)
        except BaseException:
            if old.exists():
                old.rename(path)  # the earlier run comes back
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            raise cannot_write(path, error) from error
        raise


def fill(
    folder: Path,
    run: FinishedRun,
    timings: Mapping[str, float],
    subsets: Sequence[Mapping[str, str | None]],
    pages: Mapping[str, str],
) -> None:
    """Write everything but the subsets; the manifest last, complete unless interrupted."""
    data, picks = run.data, run.picks
    _write_text(folder / "config.toml", tomli_w.dumps({"select": dict(run.config)}))
    with (folder / "selection.parquet").open("wb") as file:  # pyarrow takes UTF-8 names only
        pq.write_table(_table(run), file)
    if run.dropped is not None:
        with (folder / "repeats.parquet").open("wb") as file:
            pq.write_table(run.dropped.table(data, run.given), file)
    (folder / "ids.txt").write_text("".join(f"{row}\n" for row in data.ids[picks.order]))
    kinds = (
        ("malformed", data.bad),
        ("empty", data.empty),
        ("unrepresented", data.unrepresented),
        ("avoided", data.avoided),
    )
    left_out = [(kind, row) for kind, rows in kinds for row in rows]
    if left_out:
        lines = (json.dumps({"kind": kind, **asdict(row)}) for kind, row in left_out)
        (folder / "bad_rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for name, text in pages.items():
        _write_text(folder / name, text)
    digests = {file.name: sha256_of(file) for file in sorted(folder.iterdir())}
    _write_json(folder / "timings.json", timings)
    _write_json(folder / "manifest.json", manifest(run, digests, subsets))


def _table(run: FinishedRun) -> pa.Table:
    data, picks = run.data, run.picks
    order = picks.order
    columns: dict[str, Any] = {
        "rank": np.arange(1, len(order) + 1),
        **places_of(data, order),
        "gain": picks.gains,
        "score": picks.scores,
        "tokens": run.tokens.total[order],
    }
    if run.log_quality is not None:
        columns["log_quality"] = run.log_quality[order]
    return pa.table(columns)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    """Text in UTF-8; bytes of a file name that are none stand as escapes."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
