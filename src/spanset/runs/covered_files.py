"""Files of a run against the digests in its manifest: changed, lost, or added since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spanset.base.errors import DataError
from spanset.base.file_digest import sha256_of
from spanset.data.containers.opening import cannot_open
from spanset.runs.finding import DifferenceFound, Finding
from spanset.runs.folder import PAGE

# Files that the folder may hold without a digest; a page that was made later has none.
UNCOVERED = ("manifest.json", "timings.json", PAGE)


def check_files(folder: Path, manifest: Mapping[str, Any]) -> int:
    """Number of files that are as the run wrote them, subsets outside of the folder included.

    Raises
    ------
    DifferenceFound
        A file that was changed, is not there, or is none of the run's.
    DataError
        A file that cannot be read, or a list of files in another form.
    """
    files = manifest["files"]
    elsewhere = subsets_elsewhere(manifest)
    for name, digest in files.items():
        _check(folder / name, digest)
    try:
        found = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise cannot_open(folder, error) from error
    if added := [name for name in found if name not in files and name not in UNCOVERED]:
        cause = "it was put there, or manifest.json lost its entry"
        what = "the file is none that the run wrote"
        raise DifferenceFound(Finding("files", str(folder / added[0]), what, (cause,)))
    for name, digest in elsewhere.items():
        _check(Path(name), digest)
    return len(files) + len(elsewhere)


def subsets_elsewhere(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the subsets outside of the folder, by name; streams left out."""
    subsets = manifest.get("subsets", [])
    is_known = isinstance(subsets, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("sha256"), str)
        and isinstance(one.get("name", 0), (str, type(None)))
        for one in subsets
    )
    if not is_known:
        raise DataError(
            "the subsets in the manifest have no name and sha256",
            where="manifest.json",
            fix="it was altered, or another version wrote it: use that version, or select again",
        )
    inside = manifest["files"]
    return {
        one["name"]: one["sha256"]
        for one in subsets
        if one["name"] is not None and one["name"] not in inside
    }


def _check(path: Path, digest: object) -> None:
    try:
        found = sha256_of(path)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # or what is no name
        cause = "it was moved or removed"
        fix = "put it back; relative names start at the folder that the run was started in"
        finding = Finding("files", str(path), "the file is not there", (cause,), fix=fix)
        raise DifferenceFound(finding) from error
    except OSError as error:
        raise cannot_open(path, error) from error
    if found != digest:
        cause = "it was edited, replaced or damaged since the run wrote it"
        what = "the file is not as the run wrote it"
        raise DifferenceFound(Finding("files", str(path), what, (cause,)))
