"""axolotl: the part of its YAML that names the data, and what goes with it.

Facts that this rests on (axolotl 0.19): a chat template is given ``system`` and ``tools`` under
these names only; ``type: alpaca`` and user-defined types write a prompt of their own instead of the
chat template; of a preference pair, the last message of a side is the answer, and neither keys nor
roles nor the type of the file can be named.
"""

from __future__ import annotations

from typing import Any

from spanset.data.formats.marks import LIST, TRAINED
from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.literals import yaml_lines
from spanset.runs.handoff.row_shape import Shape
from spanset.runs.handoff.stanza import (
    AS_JSON_LINES,
    AS_MESSAGES,
    NO_CONTENT,
    NotTakenError,
    Stanza,
    Training,
    mark_notes,
    require_plain_file,
    shape_of,
)

FILE = "train_axolotl.yaml"
_TEXTS = (".jsonl", ".json")
CONTAINERS = (*(text + p for text in _TEXTS for p in ("", ".gz", ".zst")), ".csv", ".parquet")
# Marks that are true, or a number above 0, where a turn is trained on.
READ_MARKS = ("weight", "loss_weight", *(name for name, means in TRAINED.items() if means))

# The prompt of `type: alpaca`, less its preface, which speaks of an instruction.
_ASKED = "### Instruction:\n{instruction}\n\n"
_FORMATS = {
    "system_format": "{system}\n\n",
    "format": _ASKED + "### Input:\n{input}\n\n### Response:\n",
    "no_input_format": _ASKED + "### Response:\n",
}


def axolotl_stanza(rows: HandedRows, training: Training) -> Stanza:
    """The YAML; raises `NotTakenError`."""
    require_plain_file(rows, (*CONTAINERS, ".arrow"))
    shape = shape_of(rows)
    notes: list[str] = []
    if rows.is_pair:
        entry, method = _pair(rows, shape), "dpo"
    elif rows.is_labelled:
        entry, method = _labelled(shape), "kto"
    else:
        entry, method = _supervised(rows, shape, notes), None
    if training.is_last and shape.kind == "dialogue":
        notes.append("every assistant turn is trained on; the selection counted the last alone")
    config: dict[str, Any] = {"base_model": training.model_name}
    if method is not None:
        config["rl"] = method
    elif shape.kind == "dialogue":
        config["chat_template"] = "tokenizer_default"
    config["datasets"] = [
        {"path": rows.file, **_file_type(rows, method), "split": "train", **entry}
    ]
    config["sequence_len"] = training.max_length
    if method is None and shape.kind != "text":
        config["train_on_inputs"] = False
    remarks = [
        f"axolotl train {FILE}, in the folder of this file: paths are seen from there.",
        f"base_model: {training.model_remark}.",
        *(f"Subset of {size} rows: path {file!a}" for file, size in list(rows.files.items())[:-1]),
        *(f"Note: {note}" for note in notes),
    ]
    if rows.container.endswith(".zst"):
        remarks.append("Note: reading .zst needs `pip install zstandard`")
    lines = [*(f"# {remark}" for remark in remarks), *yaml_lines(config)]
    return Stanza("axolotl", FILE, "\n".join(lines) + "\n", f"axolotl train {FILE}", tuple(notes))


def _builder(rows: HandedRows) -> str:
    return "json" if rows.container.startswith(".json") else rows.container[1:]


def _file_type(rows: HandedRows, method: str | None) -> dict[str, str]:
    """The type of the file; beside pairs and labels it is told by what the name holds."""
    builder = _builder(rows)
    if method is None:
        return {"ds_type": builder}
    held = (one for one in ("parquet", "arrow", "csv", "txt") if f".{one}" in rows.file)
    if next(held, "json") != builder:
        raise NotTakenError("it takes the file's name for that of another type", AS_JSON_LINES)
    return {}


def _supervised(rows: HandedRows, shape: Shape, notes: list[str]) -> dict[str, Any]:
    f = shape.fields
    if shape.kind == "text":
        return {"type": "completion", "field": f["text"]}
    if shape.kind == "dialogue":
        return _dialogue(rows, shape, notes)
    if shape.kind != "exchange":
        raise NotTakenError(
            "it takes one list of messages, not a prompt and a completion of them", AS_MESSAGES
        )
    if "history" in f:
        raise NotTakenError("it reads no history of earlier exchanges", AS_MESSAGES)
    notes.append(
        "the prompt is written in Alpaca's way; --to messages has the model's chat template"
    )
    own = {part: name for part, name in f.items() if part != "label"}
    alpaca = {"prompt": "instruction", "input": "input", "answer": "output"}
    if own == {part: alpaca[part] for part in own if part in alpaca}:
        return {"type": "alpaca"}
    # A part that the rows do not have gets a name that no field has, or it would be found.
    nothing = next(name for name in ("none", "none_", "none__") if name not in rows.columns)
    parts = {"system": "system", "instruction": "prompt", "input": "input", "output": "answer"}
    fields = {f"field_{name}": f.get(part, nothing) for name, part in parts.items()}
    return {"type": {**fields, **_FORMATS}}


def _dialogue(rows: HandedRows, shape: Shape, notes: list[str]) -> dict[str, Any]:
    f, facts = shape.fields, rows.facts
    if facts.get("callers"):
        raise NotTakenError("it knows no turns whose text is a call", AS_MESSAGES)
    if f.get("system", "system") != "system" or facts.get("blank system"):
        raise NotTakenError(
            "it reads system text from a field `system` alone, and an empty one as a turn",
            AS_MESSAGES,
        )
    if facts.get("no content"):
        notes.append(NO_CONTENT)
    marks = [name for name in rows.marks if name in READ_MARKS]
    notes += mark_notes(rows, tuple(marks[:1]))
    return {
        "type": "chat_template",
        "field_messages": f["messages"],
        **_keys(rows, shape),
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
        **({"message_field_training": marks[0]} if marks and marks[0] != LIST else {}),
    }


def _keys(rows: HandedRows, shape: Shape) -> dict[str, Any]:
    """Keys and roles of messages."""
    roles: dict[str, list[str]] = {}
    for name, role in rows.roles.items():
        roles.setdefault(role, []).append(name)
    mappings = {"role": shape.role, "content": shape.content}
    return {"message_property_mappings": mappings, "roles": roles}


def _pair(rows: HandedRows, shape: Shape) -> dict[str, Any]:
    f = shape.fields
    if rows.facts.get("long side") or rows.facts.get("structures"):
        raise NotTakenError(
            "it takes the last message of a side, its text alone, for the answer",
            "leave out pairs that go on for several turns, call tools or hold reasoning",
        )
    if not {"input", "system", "history"}.isdisjoint(f):
        raise NotTakenError("it reads no input, system text or history beside pairs", AS_MESSAGES)
    is_plain = (shape.role, shape.content) == ("role", "content") or shape.kind == "pair"
    if not is_plain or not set(rows.roles) <= {"system", "user", "assistant", "tool"}:
        raise NotTakenError("beside pairs it knows roles and keys by one name each", AS_MESSAGES)
    sides = {"field_chosen": f["chosen"], "field_rejected": f["rejected"]}
    if shape.kind == "dialogue pair":
        return {"type": "chat_template.argilla_chat", **sides}
    asked = f["messages" if shape.kind == "answer pair" else "prompt"]
    return {"type": "chat_template.default", "field_messages": asked, **sides}


def _labelled(shape: Shape) -> dict[str, Any]:
    f = shape.fields
    if shape.kind != "exchange" or not {"input", "history", "system"}.isdisjoint(f):
        raise NotTakenError(
            "beside a label it takes a prompt and a completion as one text each",
            "train with TRL, or write the chat template into both texts",
        )
    return {
        "type": {
            "field_prompt": f["prompt"],
            "field_completion": f["answer"],
            "field_label": f["label"],
            "prompt_format": "{prompt}",
            "completion_format": "{completion}",
        }
    }
