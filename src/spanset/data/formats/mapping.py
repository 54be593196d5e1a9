"""``--map``: fields of other names in the places of known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from spanset.base.errors import UsageError
from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.exchanges import earlier_turns, exchange, from_text
from spanset.data.formats.messages import dialogue_in
from spanset.data.formats.pairs import dialogue, pair, prompt_of
from spanset.data.formats.registry import Format
from spanset.data.formats.texts import Row, RowError

MAPPED = "mapped"  # name of the format that --map makes

# What decides how the rest is read, and what may be mapped beside it.
BESIDE = {
    "text": set(),
    "messages": {"chosen", "rejected", "system"},
    "conversations": {"chosen", "rejected", "system"},
    "chosen": {"rejected", "prompt", "input", "system", "history"},
    "prompt": {"answer", "input", "system", "history"},
}
MAP_TARGETS = tuple(dict.fromkeys([*BESIDE, *sorted(set().union(*BESIDE.values()))]))


def parse_mapping(text: str) -> dict[str, str]:
    """``prompt=FIELD,answer=FIELD`` as a mapping from target to field."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(target.strip() and name.strip() for target, _, name in pairs):
        raise UsageError(
            f"cannot read {text!r}", where="--map", fix="write prompt=FIELD,answer=FIELD"
        )
    return {target.strip(): name.strip() for target, _, name in pairs}


def mapped(mapping: Mapping[str, str]) -> Format:
    """Format for rows with fields of other names.

    Parameters
    ----------
    mapping : mapping
        Target (one of `MAP_TARGETS`) to the row's own field.
    """
    _check(mapping)
    fields = dict(mapping)
    convert = _converter(fields)
    wanted = tuple(fields.values())

    def from_mapped(row: Row) -> Conversation:
        missing = [field for field in wanted if field not in row]
        if missing:
            raise RowError(f"no field {missing[0]!r}")
        return convert(row)

    return Format(MAPPED, ", ".join(wanted), (wanted,), from_mapped)


def _check(mapping: Mapping[str, str]) -> None:
    """Refuse what cannot be mapped, or not together."""
    targets = set(mapping)
    base = next((name for name in BESIDE if name in targets), "prompt")
    is_pair = bool(targets & {"chosen", "rejected"})
    if is_pair and base == "prompt":
        base = "chosen"
    unknown = sorted(targets - {base} - BESIDE[base])
    missing = ""
    if is_pair and not {"chosen", "rejected"} <= targets:
        missing = "chosen or rejected"
    elif base == "prompt" and not {"prompt", "answer"} <= targets:
        missing = "prompt or answer"
    elif "input" in targets and "prompt" not in targets:
        missing = "prompt"
    if not unknown and not missing:
        return
    raise UsageError(
        f"cannot map {', '.join(unknown)}" if unknown else f"{missing} is not mapped",
        where="--map",
        why=f"beside {base} there may be {', '.join(sorted(BESIDE[base])) or 'nothing'}",
        fix="map prompt and answer, or chosen and rejected, or messages, or conversations, or "
        "text, to your fields, for example --map prompt=question,answer=reply (also: input, "
        "system, history)",
    )


def _converter(fields: dict[str, str]) -> Callable[[Row], Conversation]:
    """Function that reads the user's fields, and names them in its errors."""
    if "chosen" in fields:
        return partial(_pair, fields=fields)
    if "text" in fields:
        return partial(from_text, field=fields["text"])
    if "messages" in fields or "conversations" in fields:
        return lambda row: Conversation(tuple(_dialogue(row, fields)))
    prompts = tuple(fields[target] for target in ("prompt", "input") if target in fields)
    return partial(
        exchange,
        prompts=prompts,
        answer=fields["answer"],
        system=_named(fields, "system"),
        history=fields.get("history"),
    )


def _pair(row: Row, fields: dict[str, str]) -> Conversation:
    """A preference pair from the fields mapped."""
    chosen, rejected = (dialogue(row, fields[side]) for side in ("chosen", "rejected"))
    if "messages" in fields or "conversations" in fields:
        return pair([], _dialogue(row, fields), chosen, rejected)
    prompts = tuple(fields[target] for target in ("prompt", "input") if target in fields)
    prompt = prompt_of(row, prompts) if prompts else []
    before = earlier_turns(row, _named(fields, "system"), fields.get("history"))
    return pair(before, prompt, chosen, rejected)


def _named(fields: dict[str, str], target: str) -> tuple[str, ...]:
    """The field that a target names, if it is mapped."""
    return (fields[target],) if target in fields else ()


def _dialogue(row: Row, fields: dict[str, str]) -> list[Turn]:
    """Turns of the list of messages that is mapped, under the system text if that is."""
    system = _named(fields, "system")
    if "messages" in fields:
        return dialogue_in(row, fields["messages"], "role", system)
    return dialogue_in(row, fields["conversations"], "from", system)
