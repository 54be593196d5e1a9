"""What every row becomes: turns, each with two readings.

For words, a role and a text. For a model, the message as its chat template takes it, with tool
calls, reasoning and content parts as structures. Both come from one parse of the row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

ROLES = ("system", "user", "assistant", "tool")

Message = Mapping[str, Any]  # of JSON's types: role, content, and what else templates read

# Names that reasoning goes by beside a message's content, in rows and in templates.
REASONING = ("reasoning_content", "reasoning", "thinking")


class Turn(NamedTuple):
    """One message.

    Attributes
    ----------
    role : str
        Of `ROLES`.
    text : str
        All that is said, reasoning and tool calls among it.
    structure : mapping or None
        The message as chat templates read it, where that is more than role and text: its own role,
        content (text, or a list of ``{"type": "text", "text": ...}``), ``tool_calls``,
        ``tool_call_id``, ``name``, and reasoning under the row's own name for it.
    untrained : str
        The mark by which the row says that a model is not trained on this turn, as in
        ``weight: 0``; else nothing.
    unseen : int
        Pictures, sounds and files that were passed over.
    """

    role: str
    text: str
    structure: Message | None = None
    untrained: str = ""
    unseen: int = 0

    @property
    def message(self) -> Message:
        """The message as chat templates read it."""
        return self.structure or {"role": self.role, "content": self.text}

    @property
    def is_answer(self) -> bool:
        """Whether a model is trained to write this turn."""
        return self.role == "assistant" and not self.untrained


class Conversation(NamedTuple):
    """The turns of one row, in order.

    Attributes
    ----------
    turns : tuple of Turn
        Of a preference pair, the prompt and the chosen side.
    rejected : tuple of Turn
        Of a preference pair, the rejected side after the prompt; else none.
    label : bool or None
        Whether the conversation is wanted, where rows say so (KTO).
    shared : int
        Of a preference pair, turns that are the prompt; else 0.
    tools : tuple of mapping
        Definitions of the tools that the model may call, for its chat template.
    settings : tuple of (str, value)
        What else the row gives to the chat template (``chat_template_kwargs``), by name.
    unseen : int
        Pictures, sounds and files beside the turns that were passed over.
    mistake : str
        Why no chat template can be given the row: tools that are no definitions; else nothing.
    """

    turns: tuple[Turn, ...]
    rejected: tuple[Turn, ...] = ()
    label: bool | None = None
    shared: int = 0
    tools: tuple[Message, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()
    unseen: int = 0
    mistake: str = ""

    @property
    def prompt(self) -> str:
        """Text of the user's turns."""
        return "\n".join(turn.text for turn in self.turns if turn.role == "user")

    @property
    def answer(self) -> str:
        """Text of the assistant's turns that a model is trained to write.

        Of a preference pair, the chosen side's.
        """
        return "\n".join(turn.text for turn in self.turns if turn.is_answer)

    @property
    def context(self) -> str:
        """Text of all other turns: what a model is given to read."""
        return "\n".join(turn.text for turn in self.turns if not turn.is_answer)

    @property
    def text(self) -> str:
        """Text of all turns, those of a rejected side at the end."""
        return "\n".join(turn.text for turn in self.turns + self.rejected)

    @property
    def lack(self) -> str:
        """Why there is nothing to learn from: no answer, an empty side of a pair; else nothing."""
        if not self.rejected:
            if self.answer.strip():
                return ""
            said = (turn.role == "assistant" and turn.text.strip() for turn in self.turns)
            return "no answer that is trained on" if any(said) else "no answer"
        sides = {"chosen": self.turns[self.shared :], "rejected": self.rejected}
        empty = [
            name
            for name, turns in sides.items()
            if not any(turn.text.strip() for turn in turns if turn.is_answer)
        ]
        if not empty:
            return ""
        said = any(turn.role == "assistant" and turn.text.strip() for turn in sides[empty[0]])
        return f"its {empty[0]} side is {'not trained on' if said else 'empty'}"

    def digest(self) -> bytes:
        """16 bytes that stand for all that words and models are given; the label does not count."""
        digest = hashlib.blake2b(digest_size=16)
        for piece in _pieces(self.turns):
            digest.update(piece)
        if self.rejected:
            # No role is called so: no other turns give these bytes. Where the sides part counts:
            # the rejected one goes on after what is shared.
            digest.update(f"rejected:{self.shared}:".encode())
            for piece in _pieces(self.rejected):
                digest.update(piece)
        for name, value in (("tools", self.tools), ("settings", self.settings)):
            if value:
                digest.update(_labelled(name, value))
        if self.mistake:
            digest.update(_labelled("mistake", self.mistake))
        return digest.digest()


def content_texts(content: str | list[dict[str, str]]) -> list[str]:
    """Texts of a message's content, which is a text or a list of parts."""
    return [content] if isinstance(content, str) else [part["text"] for part in content]


def _pieces(turns: Iterable[Turn]) -> Iterable[bytes]:
    """Bytes of the turns, from which they could be told again."""
    for turn in turns:
        text = turn.text.encode("utf-8", "surrogatepass")
        yield f"{turn.role}:{len(text)}:".encode()
        yield text
        if turn.structure is not None:
            yield _labelled("structure", turn.structure)
        if turn.untrained:
            yield b"untrained:"


def _labelled(name: str, value: Any) -> bytes:
    """A name and a value in JSON, in one spelling."""
    written = json.dumps(value, sort_keys=True, default=str).encode()
    return f"{name}:{len(written)}:".encode() + written
