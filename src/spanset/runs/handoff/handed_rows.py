"""What a subset's rows are, found from every row that is written: the ground of all stanzas."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spanset.data.containers.csv_text import CsvSource
from spanset.data.conversation import REASONING, Conversation
from spanset.data.formats.exchanges import PROMPT
from spanset.data.formats.mapping import parse_mapping
from spanset.data.formats.marks import LIST, MARKS
from spanset.data.formats.registry import FORMATS, Format, recognise
from spanset.data.formats.turns import OWN_ROLES, ROLE_NAMES
from spanset.data.rows import Rows
from spanset.data.writing.row_files import natural_container
from spanset.data.writing.text_rows import plain_value
from spanset.data.writing.written import Convert
from spanset.runs.handoff.row_shape import PAIRS, Shape
from spanset.runs.handoff.shape_candidates import candidates

# A cell that no reader of CSV takes for a number, a date, a truth value or a missing value.
_WORDS = re.compile(r"[^\W\d_].*\s\S|\S\s.*[^\W\d_]", re.DOTALL)


@dataclass(frozen=True)
class HandedRows:
    """The rows of one run's subsets, as trainers find them.

    Attributes
    ----------
    files : mapping
        Each subset's file, as named from the run folder, to its number of rows; the largest last.
    container : str
        Its suffix: .jsonl, .json.gz, .parquet ...
    shape : Shape or None
        Where the parts of a row stand; None where no plain reading is right for every row.
    why : str
        What keeps trainers from the rows, where there is no shape.
    formats : tuple of str
        Of the rows that are written.
    columns : tuple of str
        Fields of any row, in order of appearance.
    is_converted : bool
        Whether they are written as chat messages.
    facts : mapping
        What is to be said of the rows, and how many are so; names as in `_facts`.
    roles : mapping
        Names of speakers, as the rows spell them, to roles.
    delimiter : str
        Of CSV.
    header : tuple of str
        Names of the fields of CSV that has no header line.
    """

    files: Mapping[str, int]
    container: str
    shape: Shape | None
    why: str
    formats: tuple[str, ...]
    columns: tuple[str, ...]
    is_converted: bool = False
    facts: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    header: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        data: Rows,
        files: Mapping[str, int],
        container: str,
        convert: Convert | None,
        mapped: str | None = None,
    ) -> HandedRows:
        """Read every row of the largest subset, as it is written there.

        Parameters
        ----------
        data : Rows
            Rows of the largest subset, which holds the others.
        mapped : str, optional
            The run's ``--map``.
        """
        is_csv = container.startswith((".csv", ".tsv"))
        survey = _Survey(parse_mapping(mapped) if mapped else {})
        survey.take_all(_written(data, convert), is_csv=is_csv)
        if survey.has_moved:  # what was found of the first rows was found by another shape
            survey = _Survey({}, survey.shapes)
            survey.take_all(_written(data, convert), is_csv=is_csv)
        first = data.sources[0]
        is_verbatim = is_csv and convert is None and isinstance(first, CsvSource)
        is_verbatim = is_verbatim and natural_container(data) == container
        delimiter, header = "\t" if container.startswith(".tsv") else ",", ()
        if is_verbatim and isinstance(first, CsvSource):
            delimiter = first.delimiter
            header = () if first.header else first.columns
        return cls(
            files,
            container,
            survey.shape(),
            survey.why(is_csv=is_csv),
            tuple(survey.formats),
            tuple(survey.columns),
            convert is not None,
            dict(survey.facts),
            dict(sorted(survey.roles.items())),
            delimiter,
            header,
        )

    @property
    def file(self) -> str:
        """The largest subset's file."""
        return list(self.files)[-1]

    @property
    def size(self) -> int:
        """The largest subset's number of rows."""
        return list(self.files.values())[-1]

    @property
    def is_pair(self) -> bool:
        """Whether rows are preference pairs."""
        return self.shape is not None and self.shape.kind in PAIRS

    @property
    def is_labelled(self) -> bool:
        """Whether rows say that they are wanted, or not."""
        return self.shape is not None and "label" in self.shape.fields

    @property
    def marks(self) -> list[str]:
        """Names of the marks by which turns are not trained on."""
        return [name for name in (*MARKS, LIST) if self.facts.get(f"mark {name}")]


def _written(data: Rows, convert: Convert | None) -> Iterator[tuple[Mapping[str, Any], Format]]:
    """Every row as it is written, with its format there."""
    for position, row in enumerate(data.rows()):
        made = None if convert is None else convert(data, position)
        format = data.formats[int(data.source[position])]
        yield (row, format) if made is None else (made, recognise(made) or FORMATS["messages"])


def _cell(value: Any) -> str:
    """A value as CSV holds it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, default=plain_value)


class _Survey:
    """Rows gone through one by one: the shapes that have been right for all of them, and facts."""

    def __init__(self, mapping: Mapping[str, str], shapes: Sequence[Shape] | None = None) -> None:
        self.mapping = mapping
        self.shapes = shapes
        self.has_moved = False
        self.taken = 0
        self._groups: dict[Any, list[list[Shape]]] = {}
        self.formats: dict[str, None] = {}
        self.columns: dict[str, None] = {}
        self.filled: set[str] = set()
        self.facts: Counter[str] = Counter()
        self.roles: dict[str, str] = {}

    def take_all(self, rows: Iterable[tuple[Mapping[str, Any], Format]], *, is_csv: bool) -> None:
        """Every row, of CSV the values as its cells hold them."""
        for row, format in rows:
            self.take({k: _cell(v) for k, v in row.items()} if is_csv else row, format)

    def take(self, row: Mapping[str, Any], format: Format) -> None:
        self.formats.setdefault(format.name)
        self.columns.update(dict.fromkeys(row))
        self.filled.update(name for name, value in row.items() if value is not None)
        if self.shapes is None:
            self.shapes = list(candidates(format.name, row, self.mapping))
        if len(self.formats) > 1 or not self.shapes:
            return
        conversation = format.convert(row)
        first = self.shapes[0]
        if conversation.tools and row.get("tools") is None:
            self.shapes = []  # under another name, by which no trainer finds them
        for alike in self._alike(row):
            if not alike[0].reads(row, conversation):
                self.shapes = [shape for shape in self.shapes if shape not in alike]
        if self.shapes:
            self.has_moved |= self.taken > 0 and self.shapes[0] != first
            self.taken += 1
            self.facts.update(_facts(row, conversation, self.shapes[0]))
            self._speakers(row, self.shapes[0])

    def _alike(self, row: Mapping[str, Any]) -> list[list[Shape]]:
        """The shapes that are left, those together that read the row alike: few are different."""
        shapes = self.shapes or ()
        key = (len(shapes), *(name for name, value in row.items() if value is not None))
        if key not in self._groups:
            groups: dict[Any, list[Shape]] = {}
            for shape in shapes:
                groups.setdefault(shape.known_by(row), []).append(shape)
            self._groups[key] = list(groups.values())
        return self._groups[key]

    def shape(self) -> Shape | None:
        """The shape that is right for all rows, less the parts that no row has."""
        if len(self.formats) > 1 or not self.shapes:
            return None
        return self.shapes[0].less(set(self.columns) & self.filled)

    def why(self, *, is_csv: bool) -> str:
        """What keeps trainers from the rows."""
        if len(self.formats) > 1:
            return f"the rows are of several formats: {', '.join(self.formats)}"
        if self.shapes:
            return ""
        if is_csv:
            return "CSV holds lists, truth values and numbers as text"
        name = next(iter(self.formats), "")
        return f"joining and renaming fields would misread {name} rows"

    def _speakers(self, row: Mapping[str, Any], shape: Shape) -> None:
        for part in ("messages", "prompt", "answer", "chosen", "rejected"):
            one = row.get(shape.fields.get(part, ""))
            for message in [one] if isinstance(one, dict) else shape.messages(row, part):
                name = message.get(shape.role)
                if isinstance(name, str) and name not in self.roles:
                    own = name.lower() in OWN_ROLES
                    self.roles[name] = name.lower() if own else ROLE_NAMES[name.lower()]


def _facts(row: Mapping[str, Any], conversation: Conversation, shape: Shape) -> Iterator[str]:
    """What is true of a row; each at most once."""
    fields = shape.fields
    texts = [row.get(name) for part, name in fields.items() if part != "label"]
    found = {
        "callers": shape.kind == "dialogue" and shape.has_callers(row),
        "tools as text": bool(conversation.tools) and isinstance(row.get("tools"), str),
        "tools as lists": bool(conversation.tools) and not isinstance(row.get("tools"), str),
        "no content": any(shape.content not in message for message in shape.messages(row)),
        "blank system": row.get(fields.get("system", "")) == "",
        "out of turn": not _alternates(_roles(row, conversation, shape)),
        "short cells": any(isinstance(t, str) and t and not _WORDS.search(t) for t in texts),
        **_facts_of_turns(conversation),
    }
    return (name for name, is_so in found.items() if is_so)


def _facts_of_turns(conversation: Conversation) -> dict[str, bool]:
    """What is true of the turns, however the row spells them."""
    turns = (*conversation.turns, *conversation.rejected)
    structures = [turn.structure for turn in turns if turn.structure is not None]
    answers = [turn for turn in conversation.turns if turn.role == "assistant"]
    marks = {turn.untrained.split(":")[0] for turn in answers} - {"", PROMPT}
    sides = (conversation.turns[conversation.shared :], conversation.rejected)
    return {
        "structures": bool(structures),
        "calls": any("tool_calls" in one for one in structures),
        "reasoning": any(name in one for one in structures for name in REASONING),
        "last answer only": not any(turn.is_answer for turn in answers[:-1]),
        "no prompt": len(answers) == len(conversation.turns),
        "long side": bool(conversation.rejected) and max(map(len, sides)) > 1,
        **{f"mark {name}": True for name in marks},
    }


def _roles(row: Mapping[str, Any], conversation: Conversation, shape: Shape) -> list[str]:
    """Roles of a row's own messages, calls apart from what is said before them."""
    if shape.kind != "dialogue":
        return [turn.role for turn in conversation.turns]
    system = [turn.role for turn in conversation.turns[:1] if turn.role == "system"]
    said = [ROLE_NAMES[message[shape.role].lower()] for message in shape.messages(row)]
    return said if said[0] == "system" else [*system, *said]


def _alternates(roles: Sequence[str]) -> bool:
    """Whether the user (or a tool) and the assistant take turns, the assistant last."""
    spoken = [role == "assistant" for role in roles[roles[0] == "system" :]]
    if "system" in roles[1:] or len(spoken) % 2:
        return False
    return all(is_answer == (place % 2 == 1) for place, is_answer in enumerate(spoken))
