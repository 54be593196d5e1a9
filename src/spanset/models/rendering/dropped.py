"""What a chat template has no place for, and so leaves out of rows."""

from __future__ import annotations

from collections.abc import Iterator

from spanset.data.conversation import REASONING, Conversation
from spanset.models.rendering.chat_templates import ChatTemplate
from spanset.models.rendering.sides import sides_of


def dropped_from(conversation: Conversation, template: ChatTemplate) -> Iterator[str]:
    """Names of what the row has, and the template no place for."""
    if conversation.tools and not template.writes_tools:
        yield "definitions of tools"
    structures = [turn.structure for turn in conversation.turns if turn.structure is not None]
    if any("tool_calls" in one for one in structures) and not template.writes_calls:
        yield "tool calls"
    for field in REASONING:
        if field not in template.reasoning_fields and any(one.get(field) for one in structures):
            yield f"reasoning ({field})"


def dropped_names(conversation: Conversation, template: ChatTemplate, pair: str) -> list[str]:
    """The same of the sides that are taken of a preference pair, each name once."""
    sides = sides_of(conversation, pair)
    return list(dict.fromkeys(name for side in sides for name in dropped_from(side, template)))


def said_of(name: str, rows: int) -> str:
    """What to tell of rows that are read without a part of theirs."""
    return (
        f"warning: the chat template has no place for {name}: {rows:,} row{'s' * (rows != 1)} "
        "read without"
    )
