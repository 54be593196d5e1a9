"""Rows as turns, cut where they are long: cells of tables."""

from __future__ import annotations

from collections.abc import Iterator

from spanset.data.conversation import Conversation, Turn
from spanset.report.page.markup import Markup, element, joined

TURNS = 6  # of a row
LONGEST = 400  # characters of a turn
LINES = 8  # of a turn


def talk_cell(conversation: Conversation) -> Markup:
    """The first turns of a row, each with its role; those of a rejected side as such."""
    turns = list(_turns(conversation))
    more = len(turns) - TURNS
    shown = [element("div", element("b", role), _text(turn), class_="turn") for role, turn in
             turns[:TURNS]]  # fmt: skip
    if more > 0:
        shown.append(element("div", f"[{more:,} more turns]", class_="turn plain"))
    return joined(*shown)


def cut(text: str) -> str:
    """The beginning of a text, and how much more there is."""
    kept = "\n".join(text[:LONGEST].split("\n")[:LINES])
    more = len(text) - len(kept)
    return f"{kept} [{more:,} more characters]" if more else text


def _turns(conversation: Conversation) -> Iterator[tuple[str, Turn]]:
    for number, turn in enumerate(conversation.turns):
        is_chosen = bool(conversation.rejected) and number >= conversation.shared
        yield f"{turn.role} (chosen)" if is_chosen else turn.role, turn
    for turn in conversation.rejected:
        yield f"{turn.role} (rejected)", turn


def _text(turn: Turn) -> Markup:
    shown = element("bdi", cut(turn.text))
    if turn.untrained and turn.role == "assistant":
        return joined(shown, element("span", f" not trained on ({turn.untrained})", class_="plain"))
    return shown
