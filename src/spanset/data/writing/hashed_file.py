"""A file that is written and hashed at once, so that its bytes need not be read again."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any


class HashedFile(io.RawIOBase):
    """Passes bytes on to a file; closes nothing when it is closed itself."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, piece: Any, /) -> int:
        """Pass the bytes on."""
        self._digest.update(piece)
        self._file.write(piece)
        return len(piece)

    @property
    def sha256(self) -> str:
        """Of all bytes until now, in hexadecimal."""
        return self._digest.hexdigest()
