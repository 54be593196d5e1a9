"""The shape of written rows as a trainer sees them: which field is what, and nothing clever.

A trainer joins fields and renames keys, and that is all. So a shape reads a row in the plain way
that a trainer does; where that gives the turns that spanset reads, the trainer may have the row.

    exchange        prompt, input, answer, system: texts; history: pairs of texts
    dialogue        messages: a list, each with a key for who speaks and one for what is said
    prompted        prompt, answer: lists of messages
    pair            chosen, rejected: texts; prompt, input, system as in an exchange
    message pair    prompt, chosen, rejected: lists of messages
    dialogue pair   chosen, rejected: lists of messages that both hold the prompt
    answer pair     messages: a list; chosen, rejected: one message each
    text            text

An exchange, a dialogue and the prompted may have a label, which says whether they are wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from spanset.data.conversation import Conversation
from spanset.data.formats.turns import CALLERS, ROLE_NAMES

Kind = Literal[
    "exchange",
    "dialogue",
    "prompted",
    "pair",
    "message pair",
    "dialogue pair",
    "answer pair",
    "text",
]
PAIRS = ("pair", "message pair", "dialogue pair", "answer pair")

Row = Mapping[str, Any]
Said = list[tuple[str, str]]  # role and text of every turn


class _NotReadError(ValueError):
    """The row is not of the shape."""


class Sides(NamedTuple):
    """What a row says; of a pair, both sides with the prompt before them."""

    said: Said
    rejected: Said | None = None


@dataclass(frozen=True)
class Shape:
    """Where the parts of a row stand.

    Attributes
    ----------
    kind : str
        As in the table above.
    fields : mapping
        Part (prompt, input, answer, system, history, messages, chosen, rejected, text, label) to
        the row's own field.
    role, content : str
        Keys of a message.
    """

    kind: Kind
    fields: Mapping[str, str] = field(default_factory=dict)
    role: str = "role"
    content: str = "content"

    def reads(self, row: Row, conversation: Conversation) -> bool:
        """Whether the plain reading of a row says what its conversation says."""
        try:
            sides = self._sides(row)
            label = self.fields.get("label")
            if label is not None and not isinstance(row.get(label), bool):
                return False
        except _NotReadError:
            return False
        turns = _said(conversation)
        if sides.rejected is None:
            has_calls = self.kind == "dialogue" and self.has_callers(row)
            return not conversation.rejected and (has_calls or sides.said == turns)
        rejected = [*turns[: conversation.shared], *_said_by(conversation.rejected)]
        return sides == (turns, rejected)

    def known_by(self, row: Row) -> tuple[Any, ...]:
        """What tells the shape from others that read this row: shapes alike read it alike."""
        said = ((part, name) for part, name in self.fields.items() if row.get(name) is not None)
        return self.kind, self.role, self.content, "label" in self.fields, *said

    def less(self, fields: set[str]) -> Shape:
        """The shape without parts whose fields are not among these."""
        return replace(
            self, fields={part: name for part, name in self.fields.items() if name in fields}
        )

    def messages(self, row: Row, part: str = "messages") -> list[Any]:
        """The messages of a part; none where it is no list of them."""
        found = row.get(self.fields.get(part, ""))
        return found if isinstance(found, list) and all(isinstance(m, dict) for m in found) else []

    def has_callers(self, row: Row) -> bool:
        """Whether a speaker's text is a call: what chat templates take as a part of a message."""
        said = (message.get(self.role) for message in self.messages(row))
        return any(isinstance(role, str) and role.lower() in CALLERS for role in said)

    def _sides(self, row: Row) -> Sides:
        if self.kind == "text":
            return Sides([("assistant", self._text(row, "text"))])
        if self.kind == "dialogue":
            return Sides(self._under_system(row, self._listed(row, "messages")))
        if self.kind == "prompted":
            return Sides([*self._listed(row, "prompt"), *self._listed(row, "answer")])
        if self.kind == "exchange":
            return Sides([*self._asked(row), ("assistant", self._text(row, "answer"))])
        if self.kind == "pair":
            said = self._asked(row)
        elif self.kind == "dialogue pair":
            said = []
        else:
            part = "prompt" if self.kind == "message pair" else "messages"
            said = self._under_system(row, self._listed(row, part))
        chosen, rejected = (self._side(row, part) for part in ("chosen", "rejected"))
        return Sides([*said, *chosen], [*said, *rejected])

    def _side(self, row: Row, part: str) -> Said:
        if self.kind == "pair":
            return [("assistant", self._text(row, part))]
        if self.kind == "answer pair":
            return [self._message(row.get(self.fields[part]))]
        return self._listed(row, part)

    def _asked(self, row: Row) -> Said:
        """System text, history and the prompt with its input below it."""
        history = row.get(self.fields.get("history", "")) or []
        if not isinstance(history, list) or not all(map(_is_exchange, history)):
            raise _NotReadError
        said = [
            turn for ask, say in history for turn in (("user", ask or ""), ("assistant", say or ""))
        ]
        texts = (self._text(row, part) for part in ("prompt", "input") if part in self.fields)
        asked = ("user", "\n".join(text for text in texts if text))
        return self._under_system(row, [*said, asked])

    def _under_system(self, row: Row, said: Said) -> Said:
        text = self._text(row, "system") if "system" in self.fields else ""
        if not text or (said and said[0][0] == "system"):
            return said
        return [("system", text), *said]

    def _text(self, row: Row, part: str) -> str:
        """Text of a part; trainers take no number for one."""
        value = row.get(self.fields[part])
        if value is not None and not isinstance(value, str):
            raise _NotReadError
        return value or ""

    def _listed(self, row: Row, part: str) -> Said:
        found = row.get(self.fields[part])
        if not isinstance(found, list) or not found:
            raise _NotReadError
        return [self._message(message) for message in found]

    def _message(self, message: Any) -> tuple[str, str]:
        role = message.get(self.role) if isinstance(message, dict) else None
        known = ROLE_NAMES.get(role.lower()) if isinstance(role, str) else None
        text = message.get(self.content) if isinstance(message, dict) else None
        if text is None and isinstance(message, dict) and message.get("tool_calls"):
            text = ""  # a template writes the calls
        if known is None or not isinstance(text, str):
            raise _NotReadError
        return known, text


def _said(conversation: Conversation) -> Said:
    return _said_by(conversation.turns)


def _said_by(turns: Any) -> Said:
    """Role and text of turns; calls and reasoning are handed on as they stand, and not looked at.

    What no template could read is part of the content, which then is not the message's own.
    """
    return [
        (turn.role, turn.text if turn.structure is None else str(turn.message["content"]))
        for turn in turns
    ]


def _is_exchange(pair: Any) -> bool:
    """Whether a value is a prompt and its answer."""
    is_two = isinstance(pair, list) and len(pair) == 2
    return is_two and all(text is None or isinstance(text, str) for text in pair)
