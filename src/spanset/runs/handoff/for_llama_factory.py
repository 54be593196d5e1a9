"""LLaMA-Factory: entries of ``dataset_info.json``, one a subset.

Facts that this rests on (LLaMA-Factory 0.9.5): a file's name is joined to the folder of the JSON
file; a part that is not named is not read; user and assistant take turns, and a row in which they
do not is left out; a role has one name.
"""

from __future__ import annotations

import json
from typing import Any

from spanset.data.formats.turns import CALLERS
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

FILE = "dataset_info.json"
TAGS = {"user": "user_tag", "assistant": "assistant_tag", "system": "system_tag"}

# Parts of a row by the names of its columns there.
COLUMNS = {
    "prompt": "prompt",
    "input": "query",
    "answer": "response",
    "history": "history",
    "messages": "messages",
    "system": "system",
    "chosen": "chosen",
    "rejected": "rejected",
    "label": "kto_tag",
    "text": "prompt",
}


def llama_factory_stanza(rows: HandedRows, training: Training) -> Stanza:
    """The JSON; raises `NotTakenError`."""
    require_plain_file(rows)
    shape = shape_of(rows, takes_lists=False)
    entry = _entry(rows, shape)
    names = [f"subset_{size}" for size in rows.files.values()] if len(rows.files) > 1 else []
    names = names or ["subset"]
    entries = {
        name: {"file_name": file, **entry} for name, file in zip(names, rows.files, strict=True)
    }
    stage = "kto" if rows.is_labelled else "sft"
    stage = "dpo" if rows.is_pair else "pt" if shape.kind == "text" else stage
    mask = ["mask_history=true"] if training.is_last and stage == "sft" else []
    template = [] if stage == "pt" else ["template=TEMPLATE"]
    use = [
        "llamafactory-cli train",
        f"stage={stage} do_train=true dataset_dir=. dataset={names[-1]}",
        f"cutoff_len={training.max_length}",
        *mask,
        *template,
        "model_name_or_path=MODEL output_dir=trained",
    ]
    text = json.dumps(entries, indent=2) + "\n"
    return Stanza("LLaMA-Factory", FILE, text, " ".join(use), tuple(_notes(rows)))


def _entry(rows: HandedRows, shape: Shape) -> dict[str, Any]:
    columns = {COLUMNS[part]: name for part, name in shape.fields.items()}
    if rows.is_pair and rows.facts.get("long side"):
        raise NotTakenError(
            "it takes one message for a side", "leave out pairs that go on for several turns"
        )
    if shape.kind in ("exchange", "pair"):
        ranking = {"ranking": True} if rows.is_pair else {}
        return {"formatting": "alpaca", **ranking, "columns": columns}
    if shape.kind == "text":
        return {"formatting": "alpaca", "columns": columns}
    if rows.facts.get("out of turn") == rows.size:
        raise NotTakenError(
            "user and assistant take turns in no row, and it leaves out such rows",
            "train with another of these",
        )
    if shape.kind not in ("dialogue", "answer pair"):
        what = "a side" if rows.is_pair else "a prompt or an answer"
        raise NotTakenError(
            f"it takes no list of messages for {what}",
            "train with TRL, or write each side as one message or as a text"
            if rows.is_pair or rows.is_labelled
            else AS_MESSAGES,
        )
    if rows.facts.get("no content"):
        raise NotTakenError(
            "it takes no message without a content", "write an empty content beside the calls"
        )
    formatting = "sharegpt"
    if rows.facts.get("calls") and not rows.facts.get("callers"):
        formatting = "openai"
    if rows.facts.get("tools as text") or rows.facts.get("tools as lists"):
        columns["tools"] = "tools"
        formatting = "openai" if rows.facts.get("tools as lists") else formatting
    ranking = {"ranking": True} if rows.is_pair else {}
    return {"formatting": formatting, **ranking, "columns": columns, "tags": _tags(rows, shape)}


def _tags(rows: HandedRows, shape: Shape) -> dict[str, str]:
    """Keys of a message, and the one name of each role."""
    tags = {"role_tag": shape.role, "content_tag": shape.content}
    for name, role in rows.roles.items():
        tag = "function_tag" if name.lower() in CALLERS else TAGS.get(role, "observation_tag")
        if tag in tags or role == "developer":
            raise NotTakenError("a role has one name there, and developer is none", AS_MESSAGES)
        tags[tag] = name
    if rows.facts.get("calls"):
        tags.setdefault("function_tag", "function_call")
    return tags


def _notes(rows: HandedRows) -> list[str]:
    notes = mark_notes(rows)
    if count := rows.facts.get("out of turn", 0):
        notes.append(
            f"it leaves out {count:,} rows in which user and assistant do not take turns, the "
            "assistant last"
        )
    if rows.facts.get("reasoning"):
        notes.append(NO_REASONING)
    if rows.facts.get("calls") and not rows.facts.get("callers"):
        notes.append("of a message that calls tools, it reads the calls alone")
    return notes
