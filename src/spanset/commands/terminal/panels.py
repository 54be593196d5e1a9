"""How rows are understood, as rich renderables: a row beside its conversation, or its tokens.

Side by side where the terminal is wide enough, else one above the other. What rows hold is shown as
text: neither control characters nor markup in it reach the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from spanset.base.errors import printable
from spanset.data.formats.examples import EXAMPLES
from spanset.data.formats.registry import FORMATS
from spanset.data.unused import unused_fields
from spanset.data.writing.text_rows import plain_value

if TYPE_CHECKING:
    from spanset.data.conversation import Conversation, Turn
    from spanset.data.dataset import Dataset
    from spanset.models.rendering.renderer import Renderer

WIDE = 100  # columns of a terminal that holds two things side by side
LONGEST_TURN = 2_000  # characters of a turn that are shown
LONGEST_VALUE = 200  # characters of a value of the row
MOST_ITEMS = 6  # of a list
DEEPEST = 5  # levels of a row that are spread out; what lies deeper is shown as JSON

ROLE_STYLES = {"system": "magenta", "user": "cyan", "assistant": "green", "tool": "yellow"}


@dataclass(frozen=True)
class Beside:
    """Two renderables with their headings: side by side, or stacked in a narrow terminal."""

    heads: tuple[str, str]
    parts: tuple[RenderableType, RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield one table, or headings and parts in turn."""
        if options.max_width < WIDE:
            for head, part in zip(self.heads, self.parts, strict=True):
                yield Text(head, style="dim italic")
                yield Padding(part, (0, 0, 0, 2))
            return
        table = Table(box=box.SIMPLE_HEAD, expand=True, show_edge=False, pad_edge=False)
        for head in self.heads:
            table.add_column(head, ratio=1, overflow="fold", header_style="dim italic")
        table.add_row(*self.parts)
        yield table


def conversation_panels(data: Dataset, count: int) -> RenderableType:
    """The first rows as they stand, and as they are understood."""
    parts: list[RenderableType] = []
    for position in range(min(count, len(data))):
        understood = conversation_lines(data.conversation(position))
        name = data.formats[int(data.source[position])].name
        heads = ("the row", f"understood as {name}")
        parts += [
            _heading(data.where(position)),
            Beside(heads, (row_lines(data.row(position)), understood)),
        ]
    return Group(*parts)


def unused_lines(data: Dataset) -> RenderableType:
    """A line for every input whose first rows hold text that is no part of their turns."""
    lines = (
        Text(printable(f"{name}: fields not used: {', '.join(fields)}"), style="yellow")
        for name, fields in unused_fields(data).items()
    )
    return Group(*lines)


def rendered_panels(
    data: Dataset, renderer: Renderer, count: int, pair: str = "difference"
) -> RenderableType:
    """The first rows as understood, and as the model reads them.

    What the model is trained to write stands between ⟦ and ⟧. Of a preference pair the sides that
    are taken, one below the other.
    """
    parts: list[RenderableType] = []
    for position in range(min(count, len(data))):
        conversation = data.conversation(position)
        name = data.formats[int(data.source[position])].name
        heads = (
            f"understood as {name}",
            "read by the model, what it learns to write between ⟦ and ⟧",
        )
        tokens = _side_lines(conversation, renderer, pair)
        parts += [
            _heading(data.where(position)),
            Beside(heads, (conversation_lines(conversation), tokens)),
        ]
    return Group(*parts)


def format_panels() -> RenderableType:
    """Every format: what it needs, and example rows beside how they are understood."""
    parts: list[RenderableType] = []
    for name, format in FORMATS.items():
        title = Text.assemble((name, "bold"), ("  fields: ", "dim"), format.fields)
        parts += [Text(), Rule(title, align="left", style="dim")]
        for example in EXAMPLES:
            if example.format == name:
                understood = conversation_lines(format.convert(example.row))
                heads = (f"a row ({example.source})", "understood as")
                parts += [Text(), Beside(heads, (row_lines(example.row), understood))]
    return Group(*parts)


def conversation_lines(conversation: Conversation) -> RenderableType:
    """Turns with their roles below the tools' names; a label, sides of a pair, marks shown."""
    parts: list[RenderableType] = []
    if conversation.label is not None:
        wanted = conversation.label
        parts.append(Text(f"label: {str(wanted).lower()}", style="green" if wanted else "red"))
    if conversation.tools:
        names = ", ".join(map(_tool_name, conversation.tools))
        parts.append(Text(printable(_cut(f"tools: {names}", LONGEST_VALUE)), style="yellow"))
    if conversation.mistake:
        what = f"no chat template can be given the row: {conversation.mistake}"
        parts.append(Text(printable(what), style="red"))
    for number, turn in enumerate(conversation.turns):
        is_chosen = bool(conversation.rejected) and number >= conversation.shared
        parts += _turn_lines(turn, "chosen" if is_chosen else "")
    for turn in conversation.rejected:
        parts += _turn_lines(turn, "rejected")
    return Group(*parts)


def row_lines(row: Mapping[str, Any]) -> RenderableType:
    """The fields of a row and their values, long ones cut."""
    return _fields(row, 1)


def _heading(where: str) -> Text:
    return Text(f"\n{printable(where)}", style="bold")


def _turn_lines(turn: Turn, side: str) -> Iterator[RenderableType]:
    """Role and text of a turn.

    A rejected side, and a turn that is not trained on, stand out without colour, too.
    """
    is_rejected = side == "rejected"
    style = "bold red" if is_rejected else f"bold {ROLE_STYLES[turn.role]}"
    head = Text(turn.role, style=style)
    if side:
        head.append(f"  {'✗' if is_rejected else '✓'} {side}", style=style)
    if turn.untrained and turn.role == "assistant":
        head.append(printable(f"  not trained on ({turn.untrained})"), style="yellow")
    yield head
    yield Text(visible(_cut(turn.text, LONGEST_TURN)), style="dim" if is_rejected else "")


def _tool_name(tool: Mapping[str, Any]) -> str:
    """Name of a tool; of one of a provider's own, its type."""
    function = tool.get("function")
    places = (function if isinstance(function, dict) else {}, tool)
    names = [one.get(key) for key in ("name", "type") for one in places]
    return next((name for name in names if isinstance(name, str) and name), "[no name]")


def _side_lines(conversation: Conversation, renderer: Renderer, pair: str) -> RenderableType:
    """Tokens of each side that is taken of a pair; of other rows, of the row."""
    from spanset.models.rendering.sides import sides_of

    sides = sides_of(conversation, pair)
    if not sides:
        return Text("not read: it has no rejected side", style="red")
    names = [""]
    if conversation.rejected:
        names = [name for name in ("chosen", "rejected") if pair in (name, "difference")]
    shown = zip(sides, names, strict=True)
    return Group(*(_token_lines(side, renderer, name) for side, name in shown))


def _token_lines(conversation: Conversation, renderer: Renderer, side: str) -> RenderableType:
    """Counts and text of a row's tokens, the supervised ones marked; the side of a pair named."""
    from spanset.models.rendering.chat_templates import RenderError

    shown = renderer.pieces(conversation)
    if isinstance(shown, RenderError):
        return Text(f"cannot be rendered: {shown}", style="red")
    row, pieces = shown
    cut = ", truncated" if row.truncated else ""
    counts = Text(f"{side}: " * bool(side), style="bold")
    counts.append(
        f"{len(row.ids):,} tokens, {int(row.supervised.sum()):,} supervised{cut}", style="not bold"
    )
    text = Text()
    for piece in pieces:
        # The marks are for terminals, files and eyes without colour.
        marked = f"⟦{visible(piece.text)}⟧" if piece.supervised else visible(piece.text)
        text.append(marked, style="bold green" if piece.supervised else "dim")
    return Group(counts, text)


def _fields(row: Mapping[str, Any], depth: int) -> RenderableType:
    """Names beside values; values that are spread out stand below their name, indented."""
    parts: list[RenderableType] = []
    grid: Table | None = None
    for name, value in row.items():
        label = Text(printable(str(name)), style="bold" if depth == 1 else "dim")
        shown = _value(value, depth)
        if not isinstance(shown, Text):
            parts += [label, Padding(shown, (0, 0, 0, 2))]
            grid = None
            continue
        if grid is None:
            grid = _two_columns()
            parts.append(grid)
        grid.add_row(label, shown)
    return Group(*parts)


def _items(values: list[Any], depth: int) -> RenderableType:
    """The first items of a list with their numbers."""
    grid = _two_columns()
    for number, value in enumerate(values[:MOST_ITEMS]):
        grid.add_row(Text(str(number), style="dim"), _value(value, depth))
    if (more := len(values) - MOST_ITEMS) > 0:
        return Group(grid, Text(f"[{more:,} more]", style="dim"))
    return grid


def _two_columns() -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    return grid


def _value(value: Any, depth: int) -> RenderableType:
    """A value of a row, spread out as far as it is short and shallow."""
    if isinstance(value, str):
        text = visible(_cut(value, LONGEST_VALUE))
        return Text(text) if value.strip() else Text(json.dumps(text), style="dim")
    if isinstance(value, dict) and value and depth < DEEPEST:
        return _fields(value, depth + 1)
    if isinstance(value, list) and value and depth < DEEPEST:
        return _items(value, depth + 1)
    if not isinstance(value, (bool, int, float, dict, list, tuple, type(None))):
        value = stand_in(value)  # alone, without the quotes of JSON
        if isinstance(value, str):
            return Text(visible(_cut(value, LONGEST_VALUE)), style="italic")
    try:
        shown = json.dumps(value, ensure_ascii=False, default=stand_in)
    except RecursionError:
        shown = "[nested too deeply to be shown]"
    return Text(visible(_cut(shown, LONGEST_VALUE)), style="italic")


def stand_in(value: object) -> Any:
    """What stands for a value that only tables hold: a date, a decimal, the bytes of a picture."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value):,} bytes>"
    try:
        return plain_value(value)
    except TypeError:
        return f"<{type(value).__name__}>"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + " [...]"


def visible(text: str) -> str:
    """Text without control characters, which could drive the terminal."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
