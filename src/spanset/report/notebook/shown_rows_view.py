"""Rows beside what they are understood as, or beside the tokens that a model reads of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spanset.data.conversation import Conversation
from spanset.data.dataset import Dataset
from spanset.data.unused import unused_fields
from spanset.data.writing.text_rows import plain_value
from spanset.report.notebook.cell import cell, heading, small, strong
from spanset.report.notebook.talk_cells import cut, talk_cell
from spanset.report.page.markup import Markup, Part, element, joined
from spanset.report.page.tables import table

if TYPE_CHECKING:
    from spanset.models.rendering.renderer import Renderer

PIECES = 4000  # of a model's tokens that are shown of a row


def shown_rows_html(data: Dataset, count: int, renderer: Renderer | None, pair: str) -> str:
    """A table of the first rows; what the model learns to write is underlined."""
    shown = min(count, len(data))
    heads = ["row", "as it is understood", "as the model reads it"]
    if renderer is None:
        heads = ["row", "as it stands", "as it is understood"]
    rows: list[tuple[Part, ...]] = []
    for position in range(shown):
        talk = data.conversation(position)
        place = element("bdi", data.where(position))
        if renderer is None:
            rows.append((place, _fields(data.row(position)), talk_cell(talk)))
        else:
            rows.append((place, talk_cell(talk), _sides(talk, renderer, pair)))
    said = [
        small("Fields not used: ", element("bdi", ", ".join(fields)))
        for fields in unused_fields(data).values()
    ]
    if renderer is not None:
        said.append(small("Underlined: what the model is trained to write."))
    lead = strong(f"{shown:,} of {len(data):,} rows")
    return cell(heading(lead), *said, table("Rows", heads, rows))


def _fields(row: Mapping[str, Any]) -> Markup:
    """Fields and values of a row, long ones cut."""
    shown = []
    for name, value in row.items():
        text = value if isinstance(value, str) else _as_text(value)
        parts = element("b", str(name)), element("bdi", cut(text))
        shown.append(element("div", *parts, class_="turn"))
    return joined(*shown)


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=_stand_in)
    except RecursionError:
        return "[nested too deeply to be shown]"


def _stand_in(value: object) -> Any:
    """What stands for a value that only tables hold: a date, the bytes of a picture."""
    try:
        return plain_value(value)
    except TypeError:
        return f"<{type(value).__name__}>"


def _sides(talk: Conversation, renderer: Renderer, pair: str) -> Markup:
    """Tokens of each side that is taken of a pair; of other rows, of the row."""
    from spanset.models.rendering.sides import sides_of

    sides = sides_of(talk, pair)
    if not sides:
        return element("div", "not read: it has no rejected side", class_="plain")
    return joined(*(_tokens(side, renderer) for side in sides))


def _tokens(side: Conversation, renderer: Renderer) -> Markup:
    from spanset.models.rendering.chat_templates import RenderError

    found = renderer.pieces(side)
    if isinstance(found, RenderError):
        return element("div", f"cannot be rendered: {found}", class_="plain")
    row, pieces = found
    truncated = ", truncated" if row.truncated else ""
    counts = f"{len(row.ids):,} tokens, {int(row.supervised.sum()):,} supervised{truncated}"
    texts = (
        element("mark", piece.text) if piece.supervised else element("span", piece.text)
        for piece in pieces[:PIECES]
    )
    more = f" [{len(pieces) - PIECES:,} more]" if len(pieces) > PIECES else ""
    return joined(
        element("div", counts, class_="plain"), element("div", *texts, more, class_="turn")
    )
