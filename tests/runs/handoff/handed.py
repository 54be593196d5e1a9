"""Subsets handed on without a selection: rows in, stanzas and their files out."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import write_lines

from spanset.config.settings import DataConfig
from spanset.data.conversion import converter
from spanset.data.dataset import Dataset
from spanset.data.reader import read_data
from spanset.data.writing.row_files import container_of, write_rows
from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.handing import stanzas
from spanset.runs.handoff.stanza import Stanza, Training

TRAINING = Training(None, 256, "all")

ASK, SAY = {"role": "user", "content": "Name a fruit."}, {"role": "assistant", "content": "Apple."}
_SYSTEM = {"role": "system", "content": "Be brief."}

# Rows of one format that do not all have the same fields.
UNEVEN = {
    "alpaca": [
        {"instruction": "Name a fruit.", "output": "Apple."},
        {"instruction": "Name its colour.", "input": "Grass", "output": "Green."},
        {"instruction": "Name it.", "input": "", "output": "Rose.", "topic": ["a", "b"]},
        {"instruction": "Name it.", "input": None, "output": "Rose."},
    ],
    "alpaca with system": [
        {"instruction": "Name a fruit.", "output": "Apple.", "system": "Be brief."},
        {"instruction": "Name its colour.", "input": "Grass", "output": "Green."},
    ],
    "history": [
        {"query": "And another.", "response": "Pear.", "history": [["Name a fruit.", "Apple."]]},
        {"query": "Name a fruit.", "response": "Apple.", "history": []},
        {"query": "Name a fruit.", "response": "Apple.", "system": "Be brief."},
    ],
    "messages": [
        {"messages": [ASK, SAY], "source": "a"},
        {"messages": [_SYSTEM, ASK, {**SAY, "name": "x"}, ASK, SAY], "rating": 1},
    ],
    "sharegpt": [
        {"conversations": [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Ho."}]},
        {
            "conversations": [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Ho."}],
            "system": "Be brief.",
        },
    ],
}


@dataclass
class Handed:
    """A folder with a subset and what trainers are given."""

    folder: Path
    rows: HandedRows
    data: Dataset
    stanzas: dict[str, Stanza]

    def written(self, trainer):
        """The stanza of a trainer, its file written; it must be there."""
        stanza = self.stanzas[trainer]
        assert stanza.text, f"{trainer} is given nothing: {stanza.why}"
        path = self.folder / stanza.file
        path.write_bytes(stanza.text.encode("utf-8", "surrogateescape"))
        return path

    def script(self):
        """What TRL's script defines."""
        return runpy.run_path(str(self.written("TRL")), run_name="script")

    def said(self):
        """Role and text of every row's turns, as spanset reads them."""
        return [
            [(turn.role, turn.text) for turn in conversation.turns]
            for conversation in self.data.conversations()
        ]


def handed(
    folder, rows, name="subset.jsonl", to=None, training=TRAINING, reading=None, content=None
):
    """Write the rows as a subset of this name, and make the stanzas for it.

    `content` is the input as bytes, where it is not the rows as JSON Lines.
    """
    source = folder / "in.jsonl"
    if content is not None:
        source = folder / "in.csv"
        source.write_bytes(content)
    else:
        write_lines(source, rows)
    reading = reading or DataConfig()
    data = read_data((str(source),), reading)
    convert = converter(to)
    write_rows(data, folder / name, convert=convert)
    found = HandedRows.of(data, {name: len(data)}, container_of(name), convert, reading.map)
    return Handed(folder, found, data, {one.trainer: one for one in stanzas(found, training)})
