"""What made a folder: told by the files that are in it."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from spanset.runs.compared_choices import CHOICES
from spanset.runs.kept_trial import RESULT
from spanset.runs.reread import is_run_folder


class FolderKind(Enum):
    """What is in a folder."""

    TRIAL = "a trial"
    COMPARISON = "a comparison"
    UNFINISHED = "a comparison or trial that was not finished"
    SELECTION = "a selection"
    OTHER = "something else"


def folder_kind(folder: Path) -> FolderKind:
    """Kind of a folder; a trial where a comparison and a trial share it."""
    # A name may be no path at all (too long, a byte of zero): then it is something else.
    if os.path.isfile(folder / RESULT):  # noqa: PTH113
        return FolderKind.TRIAL
    if os.path.isfile(folder / CHOICES):  # noqa: PTH113
        return FolderKind.COMPARISON
    if is_run_folder(folder):
        return FolderKind.SELECTION
    if os.path.isdir(folder / "cells"):  # noqa: PTH112
        return FolderKind.UNFINISHED
    return FolderKind.OTHER
