"""Messages in both spellings, and the turns that a row becomes."""

from __future__ import annotations

from spanset.data.formats.registry import recognise

NAN = float("nan")
EXCHANGE = [("user", "Q"), ("assistant", "A")]


def turns_of(row: dict) -> list[tuple[str, str]]:
    format = recognise(row)
    assert format is not None, f"not recognised: {', '.join(row)}"
    return [tuple(turn) for turn in format.convert(row).turns]


def message(role: str, content: object, **more: object) -> dict:
    return {"role": role, "content": content, **more}


def said(sender: object, value: object) -> dict:
    return {"from": sender, "value": value}
