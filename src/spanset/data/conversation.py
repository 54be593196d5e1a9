"""What every row becomes: turns of text with a role."""

from __future__ import annotations

from typing import NamedTuple

ROLES = ("system", "user", "assistant", "tool")


class Turn(NamedTuple):
    """One message: a role of `ROLES` and its text."""

    role: str
    text: str


class Conversation(NamedTuple):
    """The turns of one row, in order."""

    turns: tuple[Turn, ...]

    @property
    def prompt(self) -> str:
        """Text of the user's turns."""
        return self._joined("user")

    @property
    def answer(self) -> str:
        """Text of the assistant's turns: what a model is trained to write."""
        return self._joined("assistant")

    @property
    def context(self) -> str:
        """Text of all turns that are not the assistant's: what a model is given to read."""
        return "\n".join(turn.text for turn in self.turns if turn.role != "assistant")

    @property
    def text(self) -> str:
        """Text of all turns."""
        return "\n".join(turn.text for turn in self.turns)

    def _joined(self, role: str) -> str:
        return "\n".join(turn.text for turn in self.turns if turn.role == role)
