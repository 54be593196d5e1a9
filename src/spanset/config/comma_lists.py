"""Names after a flag, that may be joined by commas."""

from __future__ import annotations

from collections.abc import Iterable


def comma_list(values: Iterable[str]) -> list[str]:
    """Each name once, in their order, without blanks around it."""
    names = (name.strip() for value in values for name in value.split(","))
    return list(dict.fromkeys(name for name in names if name))
