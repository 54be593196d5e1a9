"""Finished cells of a grid on disk: a JSON file each, named by all that it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spanset.base.errors import DataError, UsageError
from spanset.base.kept_files import whole_file
from spanset.data.writing.row_files import cannot_write, open_output

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Cell = TypeVar("Cell")
FORM = 2  # raised where the files change


@dataclass(frozen=True)
class KeptCells:
    """A folder of them."""

    folder: Path

    @classmethod
    def at(cls, path: str, command: str) -> KeptCells:
        """The folder, which may not be there yet.

        Raises
        ------
        UsageError
            A folder that holds something else.
        """
        folder = Path(path)
        cells = folder / "cells"
        is_ours = folder.is_dir() and (cells.is_dir() or not any(folder.iterdir()))
        if folder.exists() and not is_ours:
            raise UsageError(
                "there is something else already",
                where=f"--out {path}",
                why=f"it is no folder that `spanset {command}` made",
                fix="name another",
            )
        return cls(cells)

    def make(self) -> None:
        """Make the folder, where it is not there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.folder.parent, error) from error

    def find(self, key: str, kind: Callable[..., Cell]) -> Cell | None:
        """A finished cell of this kind; None where it is not there, or damaged."""
        try:
            found = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            return kind(**found)
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, key: str, cell: DataclassInstance) -> None:
        """Write a cell, a dataclass of plain values, whole or not at all."""
        _write(self.folder / f"{key}.json", asdict(cell))

    def keep_beside(self, name: str, value: Any) -> None:
        """Write plain values beside the cells, whole or not at all."""
        _write(self.folder.parent / name, value)

    def write_beside(self, name: str, content: bytes) -> str:
        """Write a file beside the cells in place of an earlier one, whole or not; its path."""
        path = self.folder.parent / name
        with open_output(path, force=True) as file:
            file.write(content)
        return str(path)


def key_of(parts: Any) -> str:
    """Name of a cell by plain values that it depends on."""
    text = json.dumps([FORM, parts], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(errors="backslashreplace"), digest_size=16).hexdigest()


def read_kept(path: Path, of_record: Callable[[Any], Cell], command: str) -> Cell:
    """What a command kept beside its cells, by `of_record`.

    Raises
    ------
    DataError
        A file that cannot be read, was changed, or is of another version.
    """
    try:
        return of_record(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the result of `spanset {command}` cannot be read",
            where=str(path),
            why=f"{type(error).__name__}: {error}",
            fix="it was changed, or another version made it: run the same command again, which "
            "finds what was finished",
        ) from error


def _write(path: Path, value: Any) -> None:
    try:
        with whole_file(path) as file:
            text = json.dumps(value, allow_nan=False)
            file.write(text.encode(errors="backslashreplace"))
    except OSError as error:
        raise cannot_write(path, error) from error
