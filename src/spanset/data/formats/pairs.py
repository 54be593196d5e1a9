"""Preference pairs: one prompt, an answer that was chosen and one that was rejected.

A side is a text, a message, a list of messages, or a whole dialogue as flat text, in which "Human:"
and "Assistant:" begin the paragraphs where the speaker changes. It may hold the prompt again, or be
the only place that holds it: both sides are made whole dialogues, and what they begin with in
common is the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.exchanges import earlier_turns, prompt_turns, side_turns
from spanset.data.formats.field_names import SYSTEM
from spanset.data.formats.messages import turns_in
from spanset.data.formats.named_fields import exchange_fields
from spanset.data.formats.texts import Row, RowError, kind_of

# Names that the two sides go by.
SIDES = (
    ("chosen", "rejected"),
    ("chosen_messages", "rejected_messages"),
    ("response_chosen", "response_rejected"),
    ("chosen_response", "rejected_response"),
)
REJECTED_BESIDE = "rejected_response"  # ms-swift: beside an exchange, whose answer is chosen
_SIDE_NAMES = {name for names in SIDES for name in names}

# Where a prompt stands, the more telling field first; a list of messages comes first where the
# sides are answers alone.
PROMPTS = (("prompt",), ("instruction", "input"), ("question",), ("input",))
DIALOGUES = (("conversations", "from"), ("messages", "role"))

_MARK = re.compile(r"\n\n(Human|Assistant):")
_SPEAKERS = {"Human": "user", "Assistant": "assistant"}


def is_pair(row: Row) -> bool:
    """Whether a row with the fields of a pair is one, or an Alpaca row with two outputs."""
    if _SIDE_NAMES.isdisjoint(row):  # every Alpaca row comes here: no more than needed
        return _two_outputs(row) is not None
    return _sides(row) is not None or _two_outputs(row) is not None


def from_preference(row: Row) -> Conversation:
    """A pair in any of its shapes."""
    sides = _sides(row)
    if sides is None:
        outputs = _two_outputs(row)
        if outputs is None:
            kind = kind_of(row.get("output"))
            raise RowError(f"field 'output' is {kind}, expected a list of two texts")
        chosen, rejected = ([Turn("assistant", text)] for text in outputs)
        return pair([], prompt_turns(row, ("instruction", "input")), chosen, rejected)
    chosen, rejected = (dialogue(row, field) for field in sides)
    is_answer = chosen[0].role == rejected[0].role == "assistant"
    before = earlier_turns(row)
    return pair(before, _prompt(row, prefer_dialogue=is_answer), chosen, rejected)


def is_rejected_exchange(row: Row) -> bool:
    """Whether a row is one exchange with a field for a rejected answer."""
    return REJECTED_BESIDE in row and exchange_fields(row) is not None


def from_rejected_exchange(row: Row) -> Conversation:
    """A pair of one exchange and the answer that was rejected."""
    fields = exchange_fields(row)
    if fields is None:
        raise RowError("it has no prompt and answer of plain names, or could be read in other ways")
    chosen, rejected = (dialogue(row, field) for field in (fields[1], REJECTED_BESIDE))
    return pair(earlier_turns(row, SYSTEM), prompt_of(row, fields[:1]), chosen, rejected)


def pair(
    before: Sequence[Turn], prompt: Sequence[Turn], chosen: list[Turn], rejected: list[Turn]
) -> Conversation:
    """Conversation of two sides, told apart where they first differ.

    Parameters
    ----------
    before, prompt
        Turns that belong to both sides: of system text and history, and of the prompt. Sides that
        hold the prompt again are whole dialogues already.
    chosen, rejected
        Turns of the sides, at least one each.
    """
    is_blank = not any(turn.text.strip() for turn in prompt)
    if chosen[0].role != "assistant" and (
        is_blank or _holds(chosen, prompt) or _holds(rejected, prompt)
    ):
        prompt = []
    elif _are_whole(prompt, chosen, rejected):
        prompt = [turn for turn in prompt if turn.role == "system" and turn not in chosen]
    sides = [[*prompt, *side] for side in (chosen, rejected)]
    if not (before and _holds(sides[0], before)):
        sides = [[*before, *side] for side in sides]
    shared = 0
    # The last turn of a side is its answer, even where both answer the same.
    while shared < min(map(len, sides)) - 1 and sides[0][shared] == sides[1][shared]:
        shared += 1
    return Conversation(tuple(sides[0]), tuple(sides[1][shared:]), shared=shared)


def _are_whole(prompt: Sequence[Turn], chosen: list[Turn], rejected: list[Turn]) -> bool:
    """Whether the prompt only says again, in another form, what the user says in both sides.

    Sides that say something else go on after the prompt.
    """
    if chosen[0] != rejected[0] or chosen[0].role == "assistant":
        return False
    both = takewhile(lambda turns: turns[0] == turns[1], zip(chosen, rejected, strict=False))
    asked = [turn.text.strip() for turn, _ in both if turn.role == "user" and turn.text.strip()]
    said = "\n".join(turn.text for turn in prompt)
    return bool(asked) and all(text in said for text in asked)


def dialogue(row: Row, field: str) -> list[Turn]:
    """Turns of one side; a text is an answer, unless it spells out who speaks."""
    value = row.get(field)
    flat = _flat_turns(value) if isinstance(value, str) else None
    return side_turns(row, field) if flat is None else flat


def prompt_of(row: Row, fields: Sequence[str]) -> list[Turn]:
    """Turns of a prompt's fields, of which one alone may be a flat dialogue."""
    value = row.get(fields[0])
    flat = _flat_turns(value) if isinstance(value, str) and len(fields) == 1 else None
    if flat is None:
        return prompt_turns(row, fields, (), None)
    is_open = flat[-1].role == "assistant" and not flat[-1].text
    return flat[:-1] if is_open else flat


def _prompt(row: Row, *, prefer_dialogue: bool) -> list[Turn]:
    """Turns of the prompt that the row holds outside the sides; none where it does not."""
    texts = [fields for fields in PROMPTS if row.get(fields[0]) not in (None, [])]
    for field, spoken_by in DIALOGUES:
        if row.get(field) is not None and (prefer_dialogue or not texts):
            return turns_in(row, field, spoken_by)
    return prompt_of(row, texts[0]) if texts else []


def _sides(row: Row) -> tuple[str, str] | None:
    """Names of the sides, those that are not null first; true or false is no side."""
    named = [names for names in SIDES if all(name in row for name in names)]
    filled = [names for names in named if all(row[name] is not None for name in names)]
    for names in (filled or named)[:1]:
        return None if any(isinstance(row[name], bool) for name in names) else names
    return None


def _two_outputs(row: Row) -> list[str] | None:
    """The outputs of an Alpaca row that has a better and a worse one."""
    output = row.get("output")
    if "instruction" not in row or not isinstance(output, list) or len(output) != 2:
        return None
    return output if all(isinstance(text, str) for text in output) else None


def _holds(side: Sequence[Turn], turns: Sequence[Turn]) -> bool:
    """Whether the turns stand in the side, one after the other; blanks around texts aside."""
    said = [(turn.role, turn.text.strip()) for turn in side]
    sought = [(turn.role, turn.text.strip()) for turn in turns]
    places = range(len(said) - len(sought) + 1)
    return any(said[place : place + len(sought)] == sought for place in places)


def _flat_turns(text: str) -> list[Turn] | None:
    """Turns of a dialogue written as one text; None for any other text."""
    start = text.lstrip()
    if not start.startswith("Human:"):
        return None
    pieces = _MARK.split("\n\n" + start)
    if "Assistant" not in pieces[1::2]:
        return None
    speakers, texts = pieces[1::2], pieces[2::2]
    return [
        Turn(_SPEAKERS[speaker], said.strip())
        for speaker, said in zip(speakers, texts, strict=True)
    ]
