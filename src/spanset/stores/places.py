"""Which features of a store are meant: ``FOLDER``, or ``FOLDER:hidden`` for those beside."""

from __future__ import annotations

from pathlib import Path

HIDDEN = ":hidden"


def store_place(text: str) -> tuple[str, bool]:
    """The folder, and whether hidden states are meant; a folder that is called so goes before."""
    if text.endswith(HIDDEN) and not Path(text).exists():
        return text.removesuffix(HIDDEN), True
    return text, False
