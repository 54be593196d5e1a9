"""Rows for scripts (`spanset show --json`): an object a row, of what a model is given.

    source, line, format     where the row stands, and what it was recognised as
    messages                 in the form that the chat template takes, each with `trained`
    tools                    definitions of the tools that can be called
    label                    where the row has one
    shared, rejected         of a preference pair: how many messages are the prompt, and what
                             follows them on the rejected side
    tokens, rejected_tokens  with a model: id, text and supervised, of the sides that are taken
    error                    in their place: why there are none
    dropped                  what the chat template has no place for, where there is something

A row that was left out is its source and line, and why: `error`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spanset.commands.terminal.json_lines import json_line
from spanset.stores.status import Status

if TYPE_CHECKING:
    from spanset.data.conversation import Conversation
    from spanset.data.dataset import Dataset
    from spanset.models.rendering.renderer import Renderer

# Where the tokens of a pair's sides stand, by what is taken of it.
SIDES = {
    "difference": ("tokens", "rejected_tokens"),
    "chosen": ("tokens",),
    "rejected": ("rejected_tokens",),
}


def shown_lines(
    data: Dataset, count: int, renderer: Renderer | None, pair: str, encoding: str
) -> Iterator[str]:
    """JSON of the first rows, and of the first that were left out.

    Parameters
    ----------
    renderer : Renderer, optional
        Of the model that is to read them.
    pair : {"difference", "chosen", "rejected"}
        What is taken of a preference pair.
    encoding : str
        Of the file that the lines go to.
    """
    first = data[np.arange(min(count, len(data)))]
    for position, conversation in enumerate(first.conversations()):
        number = int(first.source[position])
        place = {
            "source": first.sources[number].name,
            "line": int(first.line[position]),
            "format": first.formats[number].name,
        }
        try:
            line = json_line({**place, **row_record(conversation, renderer, pair)}, encoding)
        except RecursionError:
            line = json_line({**place, "error": "nested too deeply to be shown"}, encoding)
        yield line
    left_out = sorted((*data.bad, *data.empty), key=lambda row: row.row)
    for row in left_out[:count]:
        yield json_line({"source": row.source, "line": row.line, "error": row.reason}, encoding)


def row_record(conversation: Conversation, renderer: Renderer | None, pair: str) -> dict[str, Any]:
    """What is known of one row, but for its place."""
    record: dict[str, Any] = {
        "messages": _messages(conversation, renderer),
        "tools": list(conversation.tools),
    }
    if conversation.label is not None:
        record["label"] = conversation.label
    if conversation.rejected:
        shared = conversation.shared
        turns = conversation.turns[:shared] + conversation.rejected
        side = _messages(conversation._replace(turns=turns), renderer)
        record |= {"shared": shared, "rejected": side[shared:]}
    if renderer is not None:
        from spanset.models.rendering.dropped import dropped_names

        record |= _tokens(conversation, renderer, pair)
        if names := dropped_names(conversation, renderer.chat, pair):
            record["dropped"] = names
    return record


def _messages(conversation: Conversation, renderer: Renderer | None) -> list[dict[str, Any]]:
    """The messages of the turns, each with whether it is trained on."""
    if renderer is None:
        messages = [turn.message for turn in conversation.turns]
    else:
        # Tools that are no definitions are no reason to hide what is said.
        bare = conversation._replace(tools=(), settings=(), mistake="")
        messages = renderer.chat.chat(bare).messages
    pairs = zip(messages, conversation.turns, strict=True)
    return [{**message, "trained": turn.is_answer} for message, turn in pairs]


def _tokens(conversation: Conversation, renderer: Renderer, pair: str) -> dict[str, Any]:
    """Tokens of the sides that are taken, or why there are none."""
    from spanset.models.rendering.chat_templates import RenderError
    from spanset.models.rendering.sides import sides_of

    sides = sides_of(conversation, pair)
    if not sides:
        return {"error": Status.NOT_A_PAIR.reason}
    found: dict[str, Any] = {}
    names = SIDES[pair] if conversation.rejected else ("tokens",)
    for name, side in zip(names, sides, strict=True):
        tokens = renderer.tokens(side)
        if isinstance(tokens, RenderError):
            return {"error": str(tokens)}
        found[name] = [token._asdict() for token in tokens]
    return found
