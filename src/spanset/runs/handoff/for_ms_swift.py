"""ms-swift: a command line with the columns that it is to read as its own.

Facts that this rests on (ms-swift 4.6): columns of known names are renamed, unless two have the
same meaning; of a message, role, content and loss are read; a row with a role of another name is
left out; a file is read by its last suffix.
"""

from __future__ import annotations

import json
import os
import shlex

from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.row_shape import Shape
from spanset.runs.handoff.stanza import (
    AS_MESSAGES,
    NO_REASONING,
    NotTakenError,
    Stanza,
    Training,
    mark_notes,
    require_plain_file,
    shape_of,
)

FILE = "train_ms_swift.sh"
LISTS = ("messages", "conversation", "conversations")
ROLES = {
    *("system", "user", "human", "assistant", "gpt", "bot", "function_call", "tool_call"),
    *("tool", "tool_response", "function_response", "observation"),
}

# Parts of a row by the names of its columns there; below with an input, whose prompt is apart.
EXCHANGE = {"prompt": "query", "answer": "response", "system": "system", "history": "history"}
WITH_INPUT = {**EXCHANGE, "prompt": "instruction", "input": "input", "answer": "output"}
PARTS = {
    "text": {"text": "response"},
    "dialogue": {"messages": "messages", "system": "system"},
    "dialogue pair": {"chosen": "messages", "rejected": "rejected_messages"},
}


def ms_swift_stanza(rows: HandedRows, training: Training) -> Stanza:
    """The command line; raises `NotTakenError`."""
    require_plain_file(rows)
    shape = shape_of(rows, takes_lists=False)
    columns = _columns(rows, shape)
    command = ["swift", "pt" if shape.kind == "text" else "sft"]
    if rows.is_pair or rows.is_labelled:
        command = ["swift", "rlhf", "--rlhf_type", "dpo" if rows.is_pair else "kto"]
    options = [
        ["--model", training.model_name],
        ["--dataset", os.path.join(".", rows.file)],  # noqa: PTH118 (a leading hyphen is no option)
        *([["--columns", json.dumps(columns)]] if columns else []),
        ["--max_length", str(training.max_length)],
    ]
    if training.is_last and command[1] == "sft":
        options.append(["--loss_scale", "last_round"])
    parts = [shlex.join(command), *(shlex.join(option) for option in options)]
    notes = mark_notes(rows, ("loss",))
    if rows.facts.get("reasoning"):
        notes.append(NO_REASONING)
    lines = [
        "#!/bin/sh",
        f"# Fine-tune on the subset with ms-swift: sh {FILE}",
        f"# --model: {training.model_remark}.",
        *(f"# Subset of {n} rows: --dataset {f!a}" for f, n in list(rows.files.items())[:-1]),
        *(f"# Note: {note}" for note in notes),
        "set -eu",
        'cd -- "$(dirname -- "$0")"',
        " \\\n  ".join(parts),
    ]
    return Stanza("ms-swift", FILE, "\n".join(lines) + "\n", f"sh {FILE}", tuple(notes))


def _columns(rows: HandedRows, shape: Shape) -> dict[str, str]:
    """The row's columns to ms-swift's; those that have the name already among them."""
    f = shape.fields
    if shape.kind == "exchange":
        names = WITH_INPUT if "input" in f else EXCHANGE
    elif shape.kind == "pair":
        names = WITH_INPUT if "input" in f else EXCHANGE
        answer = names["answer"]
        names = {**names, "chosen": answer, "rejected": "rejected_response"}
    elif shape.kind in PARTS:
        names = PARTS[shape.kind]
        _require_known(rows, shape)
    else:
        what = "a side" if rows.is_pair else "a prompt or an answer"
        raise NotTakenError(
            f"it takes no list of messages for {what}",
            "train with TRL, or write prompt, answer and rejected answer as texts"
            if rows.is_pair or rows.is_labelled
            else AS_MESSAGES,
        )
    columns = {name: {**names, "label": "label"}[part] for part, name in f.items()}
    _require_unmistaken(rows, shape, columns)
    return columns


def _require_known(rows: HandedRows, shape: Shape) -> None:
    """Refuse messages that it would leave out."""
    if shape.role not in ("role", "from") or shape.content not in ("content", "value"):
        raise NotTakenError(f"it knows no key {shape.content!r} of a message", AS_MESSAGES)
    odd = [name for name in rows.roles if name not in ROLES]
    if odd:
        raise NotTakenError(f"it knows no role {odd[0]!a}", AS_MESSAGES)


def _require_unmistaken(rows: HandedRows, shape: Shape, columns: dict[str, str]) -> None:
    """Refuse columns beside, that would be read in the place of those meant."""
    left = [name for name in rows.columns if name not in columns]
    after = [*left, *columns.values()]
    is_list = shape.kind in ("dialogue", "dialogue pair")
    if any(name in columns.values() for name in left) or (
        not is_list and any(name in LISTS for name in after)
    ):
        raise NotTakenError("another column has the name of one that it reads", AS_MESSAGES)
    if is_list and sum(name in LISTS for name in after) > 1:
        raise NotTakenError("several columns have names of lists of messages", AS_MESSAGES)
    is_alpaca = {"instruction", "input"} <= set(after)
    if not is_list and is_alpaca != ("input" in shape.fields):
        raise NotTakenError("instruction and input stand beside other fields", AS_MESSAGES)
    lowered = [name.lower() for name in rows.columns]
    if len(set(lowered)) < len(lowered):
        raise NotTakenError("it tells no columns apart by the case of letters", AS_MESSAGES)
