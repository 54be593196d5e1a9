"""All formats, in the order in which a row is tried on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from spanset.data.conversation import Conversation
from spanset.data.formats import named_fields, ranked
from spanset.data.formats.exchanges import (
    are_exchanges,
    from_alpaca,
    from_exchanges,
    from_instances,
    from_prompt_completion,
    from_question_answer,
    from_text,
    is_whole_question,
)
from spanset.data.formats.messages import from_messages, from_sharegpt
from spanset.data.formats.named_fields import from_named_fields, is_one_exchange
from spanset.data.formats.pairs import (
    REJECTED_BESIDE,
    SIDES,
    from_preference,
    from_rejected_exchange,
    is_pair,
    is_rejected_exchange,
)
from spanset.data.formats.ranked import from_ranked, has_own_answer, is_ranked, ranked_pair
from spanset.data.formats.texts import Row, RowError, kind_of, parsed_json
from spanset.data.formats.tool_calls import SETTINGS, TOOLS, settings_of, tools_of
from spanset.data.formats.trees import from_tree, is_tree

LABELS = ("label", "kto_tag")

# Fields that may stand beside any conversation: what only chat templates read, what nobody sees.
MEDIA = ("images", "image", "videos", "video", "audios", "audio")
BESIDE_TURNS = frozenset((*TOOLS, SETTINGS, *MEDIA))

# Formats whose rows may carry a label, and exchange.
LABELLED = ("messages", "sharegpt", "alpaca", "prompt-completion", "question-answer")

# Formats of rows that no other format reads.
LAST = ("ranked", "exchange")

# A text beside one of these fields is not all that a model is to learn from.
NOT_TEXT_ALONE = {
    *("prompt", "instruction", "input", "question", "query", "problem"),
    *("answer", "output", "completion", "response", "chosen", "rejected", "role", "from"),
    *("inputs", "user", "code", "summary", "highlights", "target", "targets"),
    *("solution", "generated_solution", "reply", "result", "ground_truth", "answers"),
}


@dataclass(frozen=True)
class Format:
    """A way to write a conversation as a row.

    Attributes
    ----------
    name : str
        As on the command line.
    fields : str
        The fields it needs, for messages.
    ways : tuple of tuple of str
        Sets of field names, of which a row needs one whole.
    turns : callable
        Row to conversation, its tools aside; raises `RowError`.
    test : callable, optional
        Whether the values of a row with such fields are of the format.
    also : callable, optional
        Whether a row is taken where the format is asked for by its name, or no other reads it.
    remark : str
        What to say of its rows, once per input.
    """

    name: str
    fields: str
    ways: tuple[tuple[str, ...], ...]
    turns: Callable[[Row], Conversation]
    test: Callable[[Row], bool] | None = None
    also: Callable[[Row], bool] | None = None
    remark: str = ""

    def fits(self, row: Row) -> bool:
        """Whether a row is of the format, whatever else it may be."""
        if self.also is not None and self.also(row):
            return True
        has_fields = any(all(name in row for name in way) for way in self.ways)
        return has_fields and (self.test is None or self.test(row))

    def convert(self, row: Row) -> Conversation:
        """The row as a conversation, with its tools; raises `RowError`."""
        conversation = self.turns(row)
        if BESIDE_TURNS.isdisjoint(row):
            return conversation
        tools, mistake = tools_of(row)
        media = [row[name] for name in MEDIA if row.get(name)]
        return conversation._replace(
            tools=tools,
            settings=settings_of(row),
            mistake=mistake,
            unseen=sum(len(one) if isinstance(one, list) else 1 for one in media),
        )


def recognise(row: Row) -> Format | None:
    """Format of a row by its fields, or None.

    Null fields count as missing, where the others make a format: tables have a column for every
    field of any row.
    """
    filled = row
    if None in row.values():
        filled = {name: value for name, value in row.items() if value is not None}
    if (found := _of_fields(filled)) is not None:
        return found
    found = None if filled is row else _of_fields(row)
    if found is not None and found.name not in ("messages", "sharegpt"):
        return found  # as an Alpaca row without an instruction is; of a null list, there is nothing
    return _of_plain_names(row) or found


def _of_fields(row: Row) -> Format | None:
    for format in _candidates(tuple(row)):
        if format.test is None or format.test(row):
            return format
    return None


def _of_plain_names(row: Row) -> Format | None:
    """Format of a row that none reads by fields of its own: no other is ever read differently."""
    if is_ranked(row):
        return None if has_own_answer(row) else FORMATS["ranked"]
    if not is_one_exchange(row):
        return None
    if is_rejected_exchange(row) and row[REJECTED_BESIDE] is not None:
        return FORMATS["preference"]
    return FORMATS["exchange" if _label(row) is None else "kto"]


@lru_cache(maxsize=1024)
def _candidates(names: tuple[str, ...]) -> tuple[Format, ...]:
    """Formats whose fields are among these: the same few sets of names come again and again."""
    known = set(names)
    return tuple(
        format
        for format in FORMATS.values()
        if format.name not in LAST and any(known.issuperset(way) for way in format.ways)
    )


def from_pair(row: Row) -> Conversation:
    """A pair of sides of its own; else of ranked answers, or of an exchange and a rejected one."""
    if not is_pair(row):
        if is_ranked(row):
            return ranked_pair(row)
        if is_rejected_exchange(row):
            return from_rejected_exchange(row)
    return from_preference(row)


def _can_be_pair(row: Row) -> bool:
    return is_ranked(row) or is_rejected_exchange(row)


def from_kto(row: Row) -> Conversation:
    """A conversation with a label that says whether it is wanted."""
    base, label = _base(row), _label(row)
    if base is None and is_one_exchange(row):
        base = FORMATS["exchange"]
    if base is None or label is None:
        field = next((name for name in LABELS if name in row), LABELS[0])
        raise RowError(f"field {field!r} is {kind_of(row.get(field))}, expected true or false")
    return base.turns(row)._replace(label=label)


def _is_labelled(row: Row) -> bool:
    return _label(row) is not None and _base(row) is not None


def _is_labelled_exchange(row: Row) -> bool:
    return _label(row) is not None and is_one_exchange(row)


def _label(row: Row) -> bool | None:
    """The label: true or false, or their names as text, as CSV has them."""
    for name in LABELS:
        value = row.get(name)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
    return None


def _base(row: Row) -> Format | None:
    """Format of a labelled row without its label."""
    filled = {name for name, value in row.items() if value is not None}
    names = (name for name in LABELLED if any(filled.issuperset(w) for w in FORMATS[name].ways))
    return next((FORMATS[name] for name in names), None)


def _is_instances(row: Row) -> bool:
    instances = row["instances"]
    return isinstance(instances, list) or isinstance(parsed_json(instances), list)


def _is_text_alone(row: Row) -> bool:
    return NOT_TEXT_ALONE.isdisjoint(row)


# In the order they are tried: the more telling field first.
FORMATS = {
    format.name: format
    for format in (
        Format(
            "preference",
            "chosen, rejected",
            (*SIDES, ("instruction", "output"), (REJECTED_BESIDE,), *ranked.WAYS),
            from_pair,
            is_pair,
            _can_be_pair,
        ),
        Format(
            "kto",
            "label (true or false) beside the fields of another format",
            (("label",), ("kto_tag",)),
            from_kto,
            _is_labelled,
            _is_labelled_exchange,
        ),
        Format("messages", "messages", (("messages",),), from_messages),
        Format(
            "exchanges",
            "conversation (or conversations): list of input, output",
            (("conversation",), ("conversations",)),
            from_exchanges,
            are_exchanges,
        ),
        Format("sharegpt", "conversations", (("conversations",),), from_sharegpt),
        Format("oasst", "prompt with replies", (("prompt",),), from_tree, is_tree),
        Format(
            "instances",
            "instruction, instances",
            (("instances",),),
            from_instances,
            _is_instances,
        ),
        Format(
            "alpaca",
            "instruction, output (or response)",
            (("instruction", "output"), ("instruction", "response")),
            from_alpaca,
        ),
        Format(
            "prompt-completion",
            "prompt, completion (or response)",
            (("prompt", "completion"), ("prompt", "response")),
            from_prompt_completion,
        ),
        Format(
            "question-answer",
            "question, answer (or response); no choices",
            (("question", "answer"), ("question", "response")),
            from_question_answer,
            is_whole_question,
        ),
        Format("text", "text alone", (("text",),), from_text, _is_text_alone),
        Format(
            "ranked",
            "one prompt, answers (responses, completions ...), scores",
            ranked.WAYS,
            from_ranked,
            is_ranked,
            remark=ranked.REMARK,
        ),
        Format(
            "exchange",
            "one prompt (query, inputs ...) and one answer (targets ...)",
            named_fields.WAYS,
            from_named_fields,
            is_one_exchange,
        ),
    )
}
