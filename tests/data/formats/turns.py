"""Messages in both spellings, and the turns that a row becomes."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from spanset.data.conversation import ROLES, Turn
from spanset.data.formats.registry import recognise

NAN = float("nan")
EXCHANGE = [("user", "Q"), ("assistant", "A")]


def turns_of(row: dict) -> list[tuple[str, str]]:
    format = recognise(row)
    assert format is not None, f"not recognised: {', '.join(row)}"
    return spoken(format.convert(row).turns)


def spoken(turns: Iterable[Turn]) -> list[tuple[str, str]]:
    """Role and text of every turn: what words are given."""
    return [(turn.role, turn.text) for turn in turns]


def plain_turns(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Turn]:
    """Turns that role and text say all of."""
    return st.tuples(st.sampled_from(ROLES), texts).map(lambda turn: Turn(*turn))


def message(role: str, content: object, **more: object) -> dict:
    return {"role": role, "content": content, **more}


def said(sender: object, value: object) -> dict:
    return {"from": sender, "value": value}
