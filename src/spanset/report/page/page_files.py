"""A page in a file of its own, checked before any work."""

from __future__ import annotations

from pathlib import Path

from spanset.base.errors import UsageError
from spanset.data.writing.row_files import open_output, refuse_existing

SUFFIXES = (".html", ".htm")


def check_page(path: str, *, force: bool) -> None:
    """Refuse what `save_page` would refuse, before any heavy work.

    Raises
    ------
    UsageError
        The suffix is no page's, the path exists (without `force`), or its folder does not.
    """
    # Whoever has --force shall not lose rows to a word that was mistyped.
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{path!r} is no name of a page", where="--report", fix="end the name in .html"
        )
    refuse_existing(path, force=force, where="--report")


def save_page(text: str, path: str, *, force: bool) -> None:
    """Write the page, whole or not at all; `OutputError` where that cannot be."""
    check_page(path, force=force)
    with open_output(path, force=force) as file:
        file.write(text.encode())
