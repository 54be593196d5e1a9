"""Columns of a store beside its features: type and shape of one row's entry in each."""

from __future__ import annotations

from collections.abc import Collection

from spanset.config.model_settings import POOLINGS, Pooling

Entry = tuple[str, tuple[int, ...]]  # type and shape of one row's entry in a column
ALWAYS: dict[str, Entry] = {"status": ("u1", ()), "rows": ("u1", (16,))}
COUNTED: dict[str, Entry] = {"tokens": ("<i4", ()), "supervised": ("<i4", ())}  # by the survey
NORM: dict[str, Entry] = {"norm": ("<f4", ())}
SCORES: dict[str, Entry] = {"loss": ("<f4", ()), "el2n": ("<f4", ()), "margin": ("<f4", ())}


def hidden_names(pooling: Pooling) -> tuple[str, str]:
    """Columns of hidden states that lie beside other features, and of their lengths.

    The name says what became of a row's states: the features beside them do not depend on it, so
    that it is none of their settings.
    """
    name = "hidden" if pooling == "mean" else f"hidden_{pooling}"
    return name, f"{name}_norm"


def hidden_columns(width: int, pooling: Pooling = "mean") -> dict[str, Entry]:
    """These columns: type and shape of one row's entry in each."""
    vectors, lengths = hidden_names(pooling)
    return {vectors: ("<f2", (width,)), lengths: ("<f4", ())}


def pooling_beside(columns: Collection[str]) -> Pooling | None:
    """What became of the hidden states that lie beside other features; None where none do."""
    return next((one for one in POOLINGS if hidden_names(one)[0] in columns), None)


# Of a shard's own rows only: what is large.
HELD = ("features", *(hidden_names(pooling)[0] for pooling in POOLINGS))
