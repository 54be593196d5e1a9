"""Columns of a store beside its features: type and shape of one row's entry in each."""

from __future__ import annotations

Entry = tuple[str, tuple[int, ...]]  # type and shape of one row's entry in a column
ALWAYS: dict[str, Entry] = {"status": ("u1", ()), "rows": ("u1", (16,))}
COUNTED: dict[str, Entry] = {"tokens": ("<i4", ()), "supervised": ("<i4", ())}  # by the survey
NORM: dict[str, Entry] = {"norm": ("<f4", ())}
HELD = ("features", "hidden")  # of a shard's own rows only: what is large
SCORES: dict[str, Entry] = {"loss": ("<f4", ()), "el2n": ("<f4", ()), "margin": ("<f4", ())}


def hidden_columns(width: int) -> dict[str, Entry]:
    """Columns of hidden states that lie beside other features."""
    return {"hidden": ("<f2", (width,)), "hidden_norm": ("<f4", ())}
