"""Names of files and folders that hold in another process, too."""

from __future__ import annotations

from pathlib import Path


def findable(name: str) -> str:
    """The whole path of what is there by this name; what is not, as a name on the hub, as it is."""
    path = Path(name).expanduser()
    return str(path.resolve()) if path.exists() else name
