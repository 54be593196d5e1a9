"""TRL: a script that loads the rows, gives them TRL's fields, and trains.

The loss is that of the selection: the answer alone, where it is one or the last (prompt and
completion, ``completion_only_loss``), or every assistant turn (``assistant_only_loss``).
"""

from __future__ import annotations

from collections.abc import Iterator

from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.row_shape import Shape
from spanset.runs.handoff.stanza import (
    AS_JSON_LINES,
    AS_MESSAGES,
    NO_CONTENT,
    NotTakenError,
    Stanza,
    Training,
    mark_notes,
    require_name,
    shape_of,
)

FILE = "train_trl.py"

_MESSAGE = '''
def message(role, text):
    """A chat message."""
    return {"role": role, "content": text or ""}
'''

_HEAD = '''"""Fine-tune a model on the subset with TRL (pip install trl): python {file}"""

from glob import escape
from pathlib import Path

from datasets import {imports}
from trl import {config}, {trainer}

# {remark}
MODEL = {model}
# Seen from the folder of this script{several}.
SUBSET = {subset}
'''

_LOAD = '''
def load(subset=SUBSET):
    """The rows, in the fields that the trainer takes."""
    file = escape(str(Path(__file__).parent / subset))
    rows = load_dataset({builder}, data_files=file, split="train"{options})
{taken}


def main():
    """Train."""
    config = {config}({settings})
    {trainer}(model=MODEL, args=config, train_dataset=load()).train()


if __name__ == "__main__":
    main()
'''


def trl_stanza(rows: HandedRows, training: Training) -> Stanza:
    """The script; raises `NotTakenError`."""
    shape = shape_of(rows)
    require_name(rows)
    _require_whole_structures(rows, shape)
    name = "DPO" if rows.is_pair else "KTO" if rows.is_labelled else "SFT"
    loss, notes = _loss(rows, shape, training)
    config, trainer = f"{name}Config", f"{name}Trainer"
    is_csv = rows.container.startswith((".csv", ".tsv"))
    several = f", the largest of {list(rows.files)!a}" if len(rows.files) > 1 else ""
    head = _HEAD.format(
        file=FILE,
        imports="Features, Value, load_dataset" if is_csv else "load_dataset",
        config=config,
        trainer=trainer,
        remark=training.model_remark,
        model=ascii(training.model_name),
        several=several,
        subset=ascii(rows.file),
    )
    settings = [f'output_dir="trained-{name.lower()}"', f"max_length={training.max_length}", *loss]
    load = _LOAD.format(
        builder=ascii(_builder(rows)),
        options=_options(rows),
        taken="\n".join(f"    {line}".rstrip() for line in _taken(rows, shape)),
        config=config,
        settings=", ".join(settings),
        trainer=trainer,
    )
    chat = "\n".join(_chat(rows, shape, training))
    remarks = "".join(f"# Note: {note}\n" for note in notes)
    if rows.container.endswith(".zst"):
        remarks += "# Note: reading .zst needs `pip install zstandard`\n"
    text = head + remarks + (f"\n{chat}\n" if chat else "") + load
    return Stanza("TRL", FILE, text, f"python {FILE}", tuple(notes))


def _require_whole_structures(rows: HandedRows, shape: Shape) -> None:
    """Refuse calls and reasoning that would not reach the chat template as they are."""
    if rows.facts.get("callers"):
        raise NotTakenError("it knows no turns whose text is a call", AS_MESSAGES)
    if not (rows.facts.get("structures") or rows.facts.get("tools as lists")):
        return
    is_chat = shape.kind in ("dialogue", "prompted", "message pair", "dialogue pair")
    if not is_chat or (shape.role, shape.content) != ("role", "content"):
        raise NotTakenError("calls, reasoning or tools stand beside no chat messages", AS_MESSAGES)
    if "system" in shape.fields:
        raise NotTakenError("system text stands beside messages that hold structures", AS_MESSAGES)
    if set(rows.roles) - {"system", "developer", "user", "assistant", "tool"}:
        raise NotTakenError("messages that hold structures have roles of other names", AS_MESSAGES)
    if shape.kind == "dialogue" and rows.is_labelled:
        raise NotTakenError("labelled messages hold structures", AS_MESSAGES)
    if not rows.container.startswith(".json"):
        raise NotTakenError(
            "a table fills what a call or a tool lacks with null, which templates write",
            AS_JSON_LINES,
        )


def _is_whole(rows: HandedRows) -> bool:
    """Whether messages go to the chat template as they stand."""
    return bool(rows.facts.get("structures") or rows.facts.get("tools as lists"))


def _is_split(rows: HandedRows, shape: Shape, training: Training) -> bool:
    """Whether rows are a prompt and the one answer that is trained on."""
    if shape.kind == "prompted" or rows.is_labelled:
        return True
    if shape.kind not in ("exchange", "dialogue") or rows.facts.get("no prompt"):
        return False
    is_one = rows.facts.get("last answer only") == rows.size
    return not _is_whole(rows) and (training.is_last or is_one)


def _loss(rows: HandedRows, shape: Shape, training: Training) -> tuple[list[str], list[str]]:
    """Settings of the loss, and notes."""
    if rows.is_pair or rows.is_labelled:
        return [], mark_notes(rows)
    if shape.kind == "text":
        return ['dataset_text_field="text"'], []
    if _is_split(rows, shape, training):
        is_one = rows.facts.get("last answer only") == rows.size
        return ["completion_only_loss=True"], [] if is_one else mark_notes(rows)
    notes = [
        "assistant_only_loss needs a chat template that marks generation, or a model family whose "
        "training template TRL knows",
        *mark_notes(rows),
        *([NO_CONTENT] if rows.facts.get("no content") else []),
    ]
    if training.is_last:
        notes.append("every assistant turn is trained on; the selection counted the last alone")
    return ["assistant_only_loss=True"], notes


def _builder(rows: HandedRows) -> str:
    suffix = rows.container.removesuffix(".gz").removesuffix(".zst")
    return {".jsonl": "json", ".tsv": "csv"}.get(suffix, suffix[1:])


def _options(rows: HandedRows) -> str:
    """Of CSV: every cell a text, an empty one too."""
    if _builder(rows) != "csv":
        return ""
    names = rows.header or rows.columns
    fields = ", ".join(f'{name!a}: Value("string")' for name in names)
    columns = f", column_names={list(names)!a}" if rows.header else ""
    return (
        f", sep={rows.delimiter!a}, keep_default_na=False{columns}, features=Features({{{fields}}})"
    )


def _taken(rows: HandedRows, shape: Shape) -> Iterator[str]:
    """Lines that give the rows TRL's fields."""
    f = shape.fields
    has_tools = rows.facts.get("tools as text") or rows.facts.get("tools as lists")
    beside = ["tools"] if has_tools else []
    beside += ["chat_template_kwargs"] if "chat_template_kwargs" in rows.columns else []
    if shape.kind in ("exchange", "pair", "answer pair") or (
        shape.kind == "dialogue" and not _is_whole(rows)
    ):
        left = [name for name in rows.columns if name not in beside]
        yield f"return rows.map(chat, remove_columns={left!a})"
        return
    names = {
        "text": {"text": "text"},
        "dialogue": {"messages": "messages"},
        "prompted": {"prompt": "prompt", "answer": "completion", "label": "label"},
        "message pair": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
        "dialogue pair": {"chosen": "chosen", "rejected": "rejected"},
    }[shape.kind]
    wanted = {f[part]: name for part, name in names.items() if part in f}
    renamed = {field: name for field, name in wanted.items() if field != name}
    yield f"rows = rows.select_columns({[*wanted, *beside]!a})"
    yield f"return rows.rename_columns({renamed!a})" if renamed else "return rows"


def _chat(rows: HandedRows, shape: Shape, training: Training) -> Iterator[str]:
    """The function that turns a row into chat messages, where it is not made of them."""
    if shape.kind not in ("exchange", "dialogue", "pair", "answer pair") or _is_whole(rows):
        return
    f = shape.fields
    if shape.kind in ("dialogue", "answer pair"):
        yield f"ROLES = {dict(rows.roles)!a}\n"
    yield _MESSAGE
    yield "\ndef chat(row):"
    yield '    """The row as chat messages."""'
    yield from _said(shape)
    if shape.kind == "pair":
        sides = [f'[message("assistant", row[{f[side]!a}])]' for side in ("chosen", "rejected")]
    elif shape.kind == "answer pair":
        sides = [f"[spoken(row[{f[side]!a}])]" for side in ("chosen", "rejected")]
    else:
        yield from _answered(rows, shape, training)
        return
    yield f'    return {{"prompt": said, "chosen": {sides[0]}, "rejected": {sides[1]}}}\n'
    if shape.kind == "answer pair":
        yield from _spoken(shape)


def _said(shape: Shape) -> Iterator[str]:
    """Lines that collect system text, history and the prompt, or the messages, in `said`."""
    f = shape.fields
    if shape.kind in ("dialogue", "answer pair"):
        yield f"    said = [spoken(one) for one in row[{f['messages']!a}]]"
    else:
        yield "    said = []"
        if "history" in f:
            yield f"    for ask, say in row[{f['history']!a}] or []:"
            yield '        said += [message("user", ask), message("assistant", say)]'
        texts = ", ".join(f"row[{f[part]!a}]" for part in ("prompt", "input") if part in f)
        yield f"    asked = [text for text in [{texts}] if text]"
        yield '    said += [message("user", "\\n".join(asked))]'
    if "system" in f:
        yield f'    if row[{f["system"]!a}] and not (said and said[0]["role"] == "system"):'
        yield f'        said = [message("system", row[{f["system"]!a}]), *said]'


def _answered(rows: HandedRows, shape: Shape, training: Training) -> Iterator[str]:
    """Lines that end the function for rows with one side."""
    f = shape.fields
    label = f', "label": row[{f["label"]!a}]' if "label" in f else ""
    if shape.kind == "exchange":
        yield f'    answer = message("assistant", row[{f["answer"]!a}])'
        if _is_split(rows, shape, training):
            yield f'    return {{"prompt": said, "completion": [answer]{label}}}\n'
        else:
            yield '    return {"messages": [*said, answer]}\n'
        return
    if _is_split(rows, shape, training):
        yield '    last = max(i for i, one in enumerate(said) if one["role"] == "assistant")'
        yield f'    return {{"prompt": said[:last], "completion": [said[last]]{label}}}\n'
    else:
        yield '    return {"messages": said}\n'
    yield from _spoken(shape)


def _spoken(shape: Shape) -> Iterator[str]:
    yield "\ndef spoken(one):"
    yield '    """A message of the row as a chat message."""'
    yield f"    return message(ROLES[one[{shape.role!a}]], one[{shape.content!a}])\n"
