"""`spanset cache`: what was computed before and is kept."""

from __future__ import annotations

from rich.console import RenderableType

from spanset.commands.terminal.tables import cache_table
from spanset.diversity.reference import cached_references, clear_references
from spanset.stores.user_cache import cached_stores, clear_cache


def show_cache(*, clear: bool) -> RenderableType:
    """What is kept, or how much was removed."""
    if clear:
        return f"{(clear_cache() + clear_references()) / 2**20:,.0f} MiB removed"
    return cache_table(cached_stores(), cached_references())
