"""Rows as chat messages (``--to messages``), in the shapes that TRL's trainers take.

    messages     {"messages": [...]}                                any conversation
    preference   {"prompt": [...], "chosen": [...], "rejected": [...]}    prompt where there is one
    kto          {"prompt": [...], "completion": [...], "label": true}

A message is its role and its text, with tool calls, reasoning and names as fields of their own, and
``"weight": 0`` where it is not trained on. The row's tools are carried along; other fields are not,
so that files of different formats become one table. A row that has its shape already is left alone,
fields and all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.base.errors import UsageError
from spanset.data.conversation import ROLES, Conversation, Turn, content_texts
from spanset.data.formats.messages import turns_of
from spanset.data.formats.registry import Format
from spanset.data.formats.texts import Row
from spanset.data.formats.tool_calls import SETTINGS
from spanset.data.unused import unused_fields

if TYPE_CHECKING:
    from spanset.data.rows import Rows
    from spanset.data.writing.written import Convert

Messages = list[dict[str, Any]]

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


def to_messages(data: Rows, position: int) -> dict[str, Any] | None:
    """The row's chat messages, or None for a row that is in such a shape already."""
    row, format = data.row(position), data.formats[int(data.source[position])]
    return None if is_in_shape(format, row) else as_messages(format, row)


def what_is_lost(data: Rows) -> list[str]:
    """What a trainer should know of rows that become chat messages, in lines."""
    lines = [
        f"warning: {name}: not in the messages: {', '.join(fields)}; map them with --map if they "
        "are part of the prompt"
        for name, fields in unused_fields(data).items()
    ]
    names = {data.formats[number].name for number in np.unique(data.source).tolist()}
    shapes = sorted({name if name in SHAPES else "messages" for name in names})
    if len(shapes) > 1:
        lines.append(
            f"warning: the rows are of {len(shapes)} shapes ({', '.join(shapes)}), and a trainer "
            "takes one: select from them apart"
        )
    return lines


def as_messages(format: Format, row: Row) -> dict[str, Any]:
    """The row as chat messages; the row itself where it is in that shape already.

    Raises
    ------
    RowError
        The row is not of the format.
    """
    if isinstance(row, dict) and is_in_shape(format, row):
        return row
    conversation = format.convert(row)
    record: dict[str, Any] = dict(_record(conversation))
    record |= {name: row[name] for name in ("tools", SETTINGS) if row.get(name) is not None}
    if conversation.tools and "tools" not in record:  # under another name, in an older form
        record["tools"] = list(conversation.tools)
    return record


def is_in_shape(format: Format, row: Row) -> bool:
    """Whether trainers can take the row as it is.

    Its lists are of messages with known roles and text, and are all that the row says: no prompt
    that the sides hold again, no system text or history beside them.
    """
    names = SHAPES.get(format.name, ())
    found = [name for name in names if name != "prompt" or row.get(name) is not None]
    if not found or not all(_are_plain(row.get(name)) for name in found):
        return False
    if format.name == "kto" and not isinstance(row.get("label"), bool):
        return False
    parts = {name: tuple(turns_of(row[name], name)) for name in found}
    return parts == _parts(format.convert(row))


def _record(conversation: Conversation) -> dict[str, Any]:
    record: dict[str, Any] = {
        name: _messages(turns) for name, turns in _parts(conversation).items()
    }
    if conversation.label is not None and not conversation.rejected:
        record["label"] = conversation.label
    return record


def _parts(conversation: Conversation) -> dict[str, tuple[Turn, ...]]:
    """The turns of every list of messages; templates take no empty one for a prompt."""
    turns = conversation.turns
    if conversation.rejected:
        prompt, chosen = turns[: conversation.shared], turns[conversation.shared :]
        sides = {"chosen": chosen, "rejected": conversation.rejected}
        return {"prompt": prompt, **sides} if prompt else sides
    if conversation.label is not None:
        start = _start_of_completion(turns)
        return {"prompt": turns[:start], "completion": turns[start:]}
    return {"messages": turns}


def _start_of_completion(turns: tuple[Turn, ...]) -> int:
    """Where the last run of assistant turns begins."""
    start = len(turns)
    while start and turns[start - 1].role != "assistant":
        start -= 1
    while start and turns[start - 1].role == "assistant":
        start -= 1
    return start


def _messages(turns: Iterable[Turn]) -> Messages:
    """The messages; what is not trained on says so in the way most trainers read."""
    return [
        {
            **turn.message,
            "content": "\n".join(content_texts(turn.message["content"])),  # one column for all
            **({"weight": 0} if turn.untrained else {}),
        }
        for turn in turns
    ]


def _are_plain(value: Any) -> bool:
    """Whether a value is a list of messages as chat templates read them."""
    return isinstance(value, list) and bool(value) and all(map(_is_plain, value))


def _is_plain(message: Any) -> bool:
    if not isinstance(message, dict) or message.get("role") not in _SPEAKERS:
        return False
    content = message.get("content")
    # A template writes tool calls itself; only then may the content be missing.
    return isinstance(content, str) or (content is None and bool(message.get("tool_calls")))
