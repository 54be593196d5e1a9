"""Digest of a file's content."""

from __future__ import annotations

import hashlib
from pathlib import Path

AT_ONCE = 1 << 20  # bytes


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal; an `OSError` where it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()
