"""What every row becomes: turns of text with a role."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

ROLES = ("system", "user", "assistant", "tool")


class Turn(NamedTuple):
    """One message: a role of `ROLES` and its text."""

    role: str
    text: str


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
    """

    turns: tuple[Turn, ...]
    rejected: tuple[Turn, ...] = ()
    label: bool | None = None
    shared: int = 0

    @property
    def prompt(self) -> str:
        """Text of the user's turns."""
        return self._joined("user")

    @property
    def answer(self) -> str:
        """Text of the assistant's turns: what a model is trained to write.

        Of a preference pair, the chosen side's.
        """
        return self._joined("assistant")

    @property
    def context(self) -> str:
        """Text of all turns that are not the assistant's: what a model is given to read."""
        return "\n".join(turn.text for turn in self.turns if turn.role != "assistant")

    @property
    def text(self) -> str:
        """Text of all turns, those of a rejected side at the end."""
        return "\n".join(turn.text for turn in self.turns + self.rejected)

    @property
    def lack(self) -> str:
        """Why there is nothing to learn from: no answer, an empty side of a pair; else nothing."""
        if not self.rejected:
            return "" if self.answer.strip() else "no answer"
        sides = {"chosen": self.turns[self.shared :], "rejected": self.rejected}
        empty = [
            name
            for name, turns in sides.items()
            if not any(turn.text.strip() for turn in turns if turn.role == "assistant")
        ]
        return f"its {empty[0]} side is empty" if empty else ""

    def digest(self) -> bytes:
        """16 bytes that stand for roles and texts of both sides; the label does not count."""
        digest = hashlib.blake2b(digest_size=16)
        for piece in _pieces(self.turns):
            digest.update(piece)
        if self.rejected:
            # No role is called so: no other turns give these bytes. Where the sides part counts:
            # the rejected one goes on after what is shared.
            digest.update(f"rejected:{self.shared}:".encode())
            for piece in _pieces(self.rejected):
                digest.update(piece)
        return digest.digest()

    def _joined(self, role: str) -> str:
        return "\n".join(turn.text for turn in self.turns if turn.role == role)


def _pieces(turns: Iterable[Turn]) -> Iterable[bytes]:
    """Bytes of the turns, from which they could be told again."""
    for turn in turns:
        text = turn.text.encode("utf-8", "surrogatepass")
        yield f"{turn.role}:{len(text)}:".encode()
        yield text
