"""Open Assistant's trees of replies: the thread of the best reply to each message.

Of the replies to a message the one of the lowest rank is the best; where none is ranked, the first.
Deleted messages are skipped, with all that was said after them. The thread ends with its last
assistant turn: a question that nobody answered teaches nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.marks import mark_of
from spanset.data.formats.texts import Row, RowError, kind_of, list_of, parsed_json, text_of
from spanset.data.formats.turns import role_of


def is_tree(row: Row) -> bool:
    """Whether the prompt is a message with replies."""
    prompt = row["prompt"]
    if isinstance(prompt, str):
        prompt = parsed_json(prompt)
    return isinstance(prompt, dict) and "replies" in prompt


def is_tree_message(row: Row) -> bool:
    """Whether a row is one message of a tree, which means nothing alone."""
    return "message_id" in row and "parent_id" in row and "text" in row


def from_tree(row: Row) -> Conversation:
    """The thread of the best replies; the prompt alone where nobody replied."""
    prompt = row["prompt"]
    turns = list(_thread(parsed_json(prompt) if isinstance(prompt, str) else prompt))
    while len(turns) > 1 and turns[-1].role != "assistant":
        turns.pop()
    return Conversation(tuple(turns))


def _thread(message: Any) -> Iterator[Turn]:
    """Turns from a message down the best replies."""
    place = "prompt"
    while True:
        if not isinstance(message, dict):
            raise RowError(f"{place} is {kind_of(message)}, expected an object")
        text = text_of(message.get("text"), f"{place}.text")
        yield Turn(role_of(message, "role", place), text, untrained=mark_of(message, place))
        replies = list_of(message.get("replies") or [], f"{place}.replies")
        kept = [
            (_rank(reply), number)
            for number, reply in enumerate(replies)
            if not (isinstance(reply, Mapping) and reply.get("deleted"))
        ]
        if message.get("deleted") or not kept:
            return
        _, best = min(kept)
        message, place = replies[best], f"{place}.replies[{best}]"


def _rank(reply: Any) -> float:
    """Rank of a reply, the best first; infinite without one."""
    rank = reply.get("rank") if isinstance(reply, Mapping) else None
    if not isinstance(rank, (int, float)) or math.isnan(rank):
        return math.inf
    return rank
