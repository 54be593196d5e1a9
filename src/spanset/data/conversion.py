"""Rows as chat messages (``--to messages``), in the shapes that TRL's trainers take.

    messages     {"messages": [...]}                                any conversation
    preference   {"prompt": [...], "chosen": [...], "rejected": [...]}
    kto          {"prompt": [...], "completion": [...], "label": true}

A message is its role and its text. A field `tools` is carried along; other fields are not, so that
files of different formats become one table. A row that has its shape already is left alone, fields
and all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from spanset.data.conversation import ROLES, Conversation, Turn
from spanset.data.formats import Format, Row
from spanset.errors import UsageError

if TYPE_CHECKING:
    from spanset.data.converting import Convert
    from spanset.data.dataset import Dataset

Messages = list[dict[str, str]]

SHAPES = {
    "messages": ("messages",),
    "preference": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion"),
}
_SPEAKERS = (*ROLES, "developer")


def converter(to: str | None) -> Convert | None:
    """What ``--to`` makes of a row; None for rows as they are.

    Raises
    ------
    UsageError
        A name that is no conversion.
    """
    if to not in (None, "messages"):
        raise UsageError(f"no conversion to {to!r}", where="--to", fix="use messages")
    return None if to is None else to_messages


def to_messages(data: Dataset, position: int) -> dict[str, Any] | None:
    """The row's chat messages, or None for a row that is in such a shape already."""
    row, format = data.row(position), data.formats[int(data.source[position])]
    return None if is_in_shape(format, row) else as_messages(format, row)


def as_messages(format: Format, row: Row) -> dict[str, Any]:
    """The row as chat messages; the row itself where it is in that shape already.

    Raises
    ------
    RowError
        The row is not of the format.
    """
    if isinstance(row, dict) and is_in_shape(format, row):
        return row
    record: dict[str, Any] = dict(_record(format.convert(row)))
    if row.get("tools") is not None:
        record["tools"] = row["tools"]
    return record


def is_in_shape(format: Format, row: Row) -> bool:
    """Whether trainers can take the row as it is: lists of messages with known roles and text."""
    names = SHAPES.get(format.name)
    if names is None or not all(_are_plain(row.get(name)) for name in names):
        return False
    if format.name == "kto":
        return isinstance(row.get("label"), bool)
    if format.name == "preference":  # sides that hold the prompt again would double it
        sides = (row["chosen"], row["rejected"])
        return all(message["role"] != "user" for side in sides for message in side[:1])
    return True


def _record(conversation: Conversation) -> dict[str, Any]:
    turns = conversation.turns
    if conversation.rejected:
        return {
            "prompt": _messages(turns[: conversation.shared]),
            "chosen": _messages(turns[conversation.shared :]),
            "rejected": _messages(conversation.rejected),
        }
    if conversation.label is not None:
        start = _start_of_completion(turns)
        return {
            "prompt": _messages(turns[:start]),
            "completion": _messages(turns[start:]),
            "label": conversation.label,
        }
    return {"messages": _messages(turns)}


def _start_of_completion(turns: tuple[Turn, ...]) -> int:
    """Where the last run of assistant turns begins."""
    start = len(turns)
    while start and turns[start - 1].role != "assistant":
        start -= 1
    while start and turns[start - 1].role == "assistant":
        start -= 1
    return start


def _messages(turns: Iterable[Turn]) -> Messages:
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def _are_plain(value: Any) -> bool:
    """Whether a value is a list of messages as chat templates read them."""
    return isinstance(value, list) and bool(value) and all(map(_is_plain, value))


def _is_plain(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("role") not in _SPEAKERS:
        return False
    content = message.get("content")
    # A template writes tool calls itself; only then may the content be missing.
    return isinstance(content, str) or (content is None and bool(message.get("tool_calls")))
