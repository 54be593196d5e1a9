"""What is handed to one trainer, what a run knows of a training, and what keeps a trainer off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spanset.models.model_files import DEFAULT_LENGTH
from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.row_shape import Shape

PLACEHOLDER = "ORGANISATION/MODEL"
AS_MESSAGES = "add --to messages"
AS_JSON_LINES = "add -o subset.jsonl"
NO_REASONING = "it does not read reasoning in a field of its own"
NO_CONTENT = "messages that only call tools have no content, which some chat templates do not take"

PLAIN_CONTAINERS = (".jsonl", ".json", ".csv", ".parquet", ".arrow")  # that any trainer reads

# What `datasets` takes for a pattern or an address in the name of a file.
_PATTERN = re.compile(r"[*?\[\]]|::|://|^~")


@dataclass(frozen=True)
class Training:
    """What the run's own settings say of the training that the rows are for.

    Attributes
    ----------
    model : str or None
        The model to be tuned, where the run had one.
    max_length : int
        Tokens of a row.
    supervise : str
        Assistant turns that count: all or last.
    """

    model: str | None
    max_length: int
    supervise: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Training:
        """From a run's resolved settings, by flag."""
        model = config.get("model")
        kind, _, named = str(config.get("features", "")).partition(":")
        if model is None and kind in ("gradient", "hidden") and named:
            model = named
        length = config.get("max-length") or DEFAULT_LENGTH
        return cls(model, int(length), str(config.get("supervise", "all")))

    @property
    def is_last(self) -> bool:
        """Whether the last answer of a row alone is trained on."""
        return self.supervise == "last"

    @property
    def model_name(self) -> str:
        """The model's name, or what stands in its place."""
        return self.model or PLACEHOLDER

    @property
    def model_remark(self) -> str:
        """What to say of that name."""
        if self.model is None:
            return "the run had no model: put the one to be tuned here"
        return "the model that the rows were selected for"


@dataclass(frozen=True)
class Stanza:
    """What one trainer is given.

    Attributes
    ----------
    trainer : str
        Its name.
    file : str
        The file's name.
    text : str
        The file's content; empty where the trainer cannot take the rows as they are.
    use : str
        What to type, in the run folder.
    notes : tuple of str
        What the trainer does otherwise than the selection did.
    why, fix : str
        What keeps the trainer from the rows, and what to do; or nothing.
    """

    trainer: str
    file: str
    text: str = ""
    use: str = ""
    notes: tuple[str, ...] = ()
    why: str = ""
    fix: str = ""


class NotTakenError(ValueError):
    """A trainer cannot take the rows as they are: why, and what to do."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.why, self.fix = why, fix


def shape_of(rows: HandedRows, *, takes_lists: bool = True) -> Shape:
    """The rows' shape; refuses rows that have none.

    Parameters
    ----------
    takes_lists : bool
        Whether the trainer takes pairs and labelled rows as lists of messages, which is what
        ``--to messages`` makes of them.
    """
    if rows.shape is not None:
        return rows.shape
    if rows.is_converted:
        fix = "select from the inputs apart"
    elif rows.container.startswith((".csv", ".tsv")):
        fix = f"{AS_JSON_LINES} --to messages"
    elif {"preference", "kto"}.isdisjoint(rows.formats) or takes_lists:
        fix = AS_MESSAGES
    else:
        fix = f"{AS_MESSAGES} and train with TRL"
    raise NotTakenError(rows.why, fix)


def require_name(rows: HandedRows) -> None:
    """Refuse a name in which `datasets` would put the value of a variable of the shell."""
    if any("$" in file for file in rows.files):
        raise NotTakenError("it reads $ in the file's name as a variable", "choose another for -o")


def require_plain_file(rows: HandedRows, containers: tuple[str, ...] = PLAIN_CONTAINERS) -> None:
    """Refuse a file that a trainer without a script of its own would not read rightly.

    Parameters
    ----------
    containers : tuple of str
        Suffixes that it takes.
    """
    if rows.container not in containers:
        raise NotTakenError(f"it does not read {rows.container} files", AS_JSON_LINES)
    require_name(rows)
    if any(_PATTERN.search(file) for file in rows.files):
        raise NotTakenError(
            "it takes the file's name for a pattern or an address",
            "choose a name without any of *?[]~ or :: for -o",
        )
    if not rows.container.startswith(".csv"):
        return
    if rows.delimiter != "," or rows.header:
        raise NotTakenError("it expects CSV with commas and a header line", AS_JSON_LINES)
    if rows.facts.get("short cells"):
        raise NotTakenError(
            "it guesses at the types of CSV, and would take cells such as 5, NA or True for no "
            "text",
            AS_JSON_LINES,
        )


def mark_notes(rows: HandedRows, read: tuple[str, ...] = ()) -> list[str]:
    """What is said where the trainer does not read the marks of turns."""
    unread = [name for name in rows.marks if name not in read]
    if not unread:
        return []
    return [f"it does not read {', '.join(unread)}: turns so marked are trained on"]
