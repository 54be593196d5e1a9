"""`spanset cache`: what was computed before and is kept."""

from __future__ import annotations

from rich.console import RenderableType

from spanset.base.kept_files import remove_files
from spanset.commands.terminal.tables import cache_table
from spanset.diversity.reference import cached_references, clear_references
from spanset.selectors.near_pairs import cached_pairs
from spanset.stores.user_cache import cached_stores, clear_cache


def show_cache(*, clear: bool) -> RenderableType:
    """What is kept, or how much was removed."""
    if clear:
        freed = clear_cache() + clear_references() + remove_files(cached_pairs())
        return f"{freed / 2**20:,.0f} MiB removed"
    return cache_table(cached_stores(), cached_references(), cached_pairs())
