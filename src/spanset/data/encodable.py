"""Text that every tool takes."""

from __future__ import annotations


def encodable(text: str) -> str:
    """Text without lone surrogates, which JSON may hold and UTF-8 may not."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
