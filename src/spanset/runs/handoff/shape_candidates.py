"""The shapes that rows of a format may have, those that leave out least first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from spanset.data.formats.exchanges import ALPACA_CONTEXT
from spanset.data.formats.field_names import SYSTEM
from spanset.data.formats.named_fields import exchange_fields
from spanset.data.formats.pairs import DIALOGUES, PROMPTS, REJECTED_BESIDE, SIDES
from spanset.data.formats.registry import LABELLED, LABELS
from spanset.data.formats.turns import SAID
from spanset.runs.handoff.row_shape import Kind, Row, Shape

# Format to the fields of its prompt, of what may stand below it, and of its answer.
EXCHANGES = {
    "alpaca": (("instruction",), ("input", *ALPACA_CONTEXT), ("output", "response")),
    "prompt-completion": (("prompt",), ("context",), ("completion", "response")),
    "question-answer": (("question",), ("context",), ("answer", "response")),
}
LISTS = {"messages": "messages", "sharegpt": "conversations"}
KEYS = tuple(product(("role", "from"), SAID))  # of a message


def candidates(name: str, row: Row, mapping: Mapping[str, str]) -> Iterator[Shape]:
    """Shapes for rows of a format, of which `row` is the first; `mapping` is that of ``--map``."""
    if mapping:
        yield from _mapped(mapping)
    elif name == "preference":
        yield from _pairs(row)
    elif name == "kto":
        for base, label in product((*LABELLED, "exchange"), LABELS):
            for shape in _unlabelled(base, row):
                yield Shape(shape.kind, {**shape.fields, "label": label}, shape.role, shape.content)
    else:
        yield from _unlabelled(name, row)


def _unlabelled(name: str, row: Row) -> Iterator[Shape]:
    if name == "text":
        yield Shape("text", {"text": "text"})
    elif name in LISTS:
        yield from _dialogues(LISTS[name], SYSTEM)
    elif name in EXCHANGES:
        yield from _exchanges(*EXCHANGES[name])
    elif name == "exchange" and (fields := exchange_fields(row)) is not None:
        yield from _exchanges(fields[:1], ("context",), fields[1:])


def _exchanges(
    prompts: Sequence[str], inputs: Sequence[str], answers: Sequence[str]
) -> Iterator[Shape]:
    for prompt, more, answer, system in product(prompts, inputs, answers, SYSTEM):
        beside = {"input": more, "system": system, "history": "history"}
        yield Shape("exchange", {"prompt": prompt, **beside, "answer": answer})
    for prompt, answer in product(prompts, answers):
        yield Shape("prompted", {"prompt": prompt, "answer": answer})


def _dialogues(field: str, systems: Sequence[str]) -> Iterator[Shape]:
    for system, (role, content) in product(systems, KEYS):
        yield Shape("dialogue", {"messages": field, "system": system}, role, content)


def _pairs(row: Row) -> Iterator[Shape]:
    """All shapes of pairs that a trainer takes; flat dialogues and ranked answers are none."""
    exchange = exchange_fields(row)
    answered = [] if exchange is None else [(exchange[:1], (exchange[1], REJECTED_BESIDE))]
    for prompts, sides in (*answered, *product(PROMPTS, SIDES)):
        two = _two(sides)
        asked = dict(zip(("prompt", "input"), prompts, strict=False))
        for system in SYSTEM:
            yield Shape("pair", {**asked, "system": system, "history": "history", **two})
        if len(prompts) == 1:
            yield Shape("message pair", {**asked, **two})
    for sides in SIDES:
        two = _two(sides)
        yield Shape("dialogue pair", two)
        for (field, _), system, (role, content) in product(DIALOGUES, SYSTEM, KEYS):
            listed = {"messages": field, "system": system}
            yield Shape("answer pair", {**listed, **two}, role, content)


def _two(sides: Sequence[str]) -> dict[str, str]:
    chosen, rejected = sides
    return {"chosen": chosen, "rejected": rejected}


def _mapped(mapping: Mapping[str, str]) -> Iterator[Shape]:
    fields = dict(mapping)
    if "text" in fields:
        yield Shape("text", fields)
        return
    for part in ("messages", "conversations"):
        if part in fields:
            listed = {"messages": fields.pop(part), **fields}
            kind: Kind = "answer pair" if "chosen" in listed else "dialogue"
            for role, content in KEYS:
                yield Shape(kind, listed, role, content)
            return
    if "chosen" in fields:
        for kind in ("pair", "message pair", "dialogue pair"):
            if kind == "dialogue pair" or "prompt" in fields:
                yield Shape(kind, fields)
        return
    yield Shape("exchange", fields)
    yield Shape("prompted", fields)
