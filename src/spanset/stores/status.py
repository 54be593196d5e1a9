"""What became of a row in a store, and why it has no features."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """What became of a row."""

    PENDING = 0
    OK = 1
    TRUNCATED = 2  # made from its first tokens only
    NOT_SUPERVISED = 3
    NOT_RENDERED = 4
    NON_FINITE = 5
    ZERO = 6
    NO_TEXT = 7
    SAME_SIDES = 8
    NOT_A_PAIR = 9
    NO_WORDS = 10
    NO_KNOWN_TOKEN = 11

    @property
    def reason(self) -> str:
        """Why a row has no features."""
        return {
            Status.NOT_SUPERVISED: "no supervised token within --max-length",
            Status.NOT_RENDERED: "the chat template refuses it",
            Status.NON_FINITE: "its vector is not finite",
            Status.ZERO: "its vector is zero",
            Status.NO_TEXT: "it has no text of the kind that --text names",
            Status.SAME_SIDES: "its chosen and its rejected side are the same within --max-length",
            Status.NOT_A_PAIR: "it has no rejected side",
            Status.NO_WORDS: "it has no text but blanks",
            Status.NO_KNOWN_TOKEN: "the table has a vector of none of its tokens",
        }.get(self, self.name.lower())


MADE = (Status.OK, Status.TRUNCATED)
