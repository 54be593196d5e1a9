"""From a raw row to a conversation: one small function per format.

A format is recognised by the fields of a file's first row. Field names and role names follow what
the fine-tuning tools read (TRL, axolotl, LLaMA-Factory); docs/data-formats.md lists them.

    texts      values as text and as lists; the error of a row
    messages   roles, lists of messages (messages, ShareGPT)
    exchanges  one prompt and its answer (Alpaca, prompt-completion, question-answer, exchanges,
               instances, text)
    pairs      preference pairs
    trees      Open Assistant's trees
    registry   all formats in order, labels (KTO), recognition
    mapping    --map
    guesses    what to say of rows that are not recognised
    examples   a row of every format
"""

from spanset.data.formats.examples import EXAMPLES, Example
from spanset.data.formats.guesses import other_format, unrecognised
from spanset.data.formats.mapping import MAP_TARGETS, mapped, parse_mapping
from spanset.data.formats.messages import ROLE_NAMES
from spanset.data.formats.registry import FORMATS, Format, recognise
from spanset.data.formats.texts import Row, RowError

__all__ = [
    "EXAMPLES",
    "FORMATS",
    "MAP_TARGETS",
    "ROLE_NAMES",
    "Example",
    "Format",
    "Row",
    "RowError",
    "mapped",
    "other_format",
    "parse_mapping",
    "recognise",
    "unrecognised",
]
