"""Rows of a pass are never packed: transformers need not ask the device whether they are.

Its causal masks look for several sequences in one row by the positions, and the answer is a number
on the device: the host waits there for all that is queued, the pass before included, at the start
of every pass. Ours have a sequence a row, so the answer is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

_OWN = local()  # a model that another thread runs may have packed rows


@contextmanager
def unpacked() -> Iterator[None]:
    """While inside, models that this thread runs have a sequence a row."""
    _install()
    before = getattr(_OWN, "is_unpacked", False)
    _OWN.is_unpacked = True
    try:
        yield
    finally:
        _OWN.is_unpacked = before


def _install() -> None:
    """Answer for our passes where transformers looks; once a process."""
    try:
        from transformers import masking_utils
    except ImportError:  # older: looks at no positions
        return
    asked: Any = getattr(masking_utils, "find_packed_sequence_indices", None)
    if asked is None or hasattr(asked, "of_spanset"):
        return

    def find(*args: Any, **kwargs: Any) -> Any:
        return None if getattr(_OWN, "is_unpacked", False) else asked(*args, **kwargs)

    find.of_spanset = True  # pyright: ignore[reportFunctionMemberAccess]
    masking_utils.find_packed_sequence_indices = find
