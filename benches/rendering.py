"""Chat templates: which rows today's templates take, whose answers are found, and how fast.

The templates are those that the package trl ships (extra ``train``), the rows conversations of
every shape; where a template has a training twin that writes the same text, the supervised
characters are compared with its marks. Speed is of two-turn conversations made of public rows, by
each of the ways in which answers are found, beside the template and the tokenizer alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from tests.models.rendering.shapes import ROWS
from tests.models.rendering.trl_templates import (
    difference,
    renderer_for,
    shipped,
    templates,
    twins,
)

from spanset.data.conversation import Conversation
from spanset.data.formats.registry import FORMATS
from spanset.data.reader import read
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.tried_renderer import make_renderer

REPEATS = 3
# Rows that a template takes, that it refuses, and that cannot be told apart; of those taken, the
# ones that its training twin writes alike, and of these, those with the same tokens supervised.
COUNTED: tuple[str, ...] = ("taken", "refused", "refused by us", "compared", "equal")
# Every answer is found so with this template: all by marks, all by prefixes, the first by probes.
WAYS = {"marks": "qwen2_5_training", "prefixes": "qwen2_5", "probes": "qwen3"}


def run(data: Path, *, quick: bool = False) -> dict[str, Any]:
    """Count rows by template, and measure rows a second."""
    counts = {name: _counts(name) for name in shipped()}
    total = {key: sum(one[key] for one in counts.values()) for key in COUNTED}
    print("| template |", " | ".join(COUNTED), "|")
    for name, one in [*counts.items(), ("**all**", total)]:
        print(f"| {name} |", " | ".join(str(one[key]) for key in COUNTED), "|")
    speed = _speeds(data, 200 if quick else 2_000)
    return {"shapes": len(ROWS), "templates": counts, "all": total, "rows_per_second": speed}


def _counts(name: str) -> dict[str, int]:
    """What becomes of a row of every shape."""
    renderer = renderer_for(name)
    twin = renderer_for(f"{name}_training") if name in twins() else None
    found = dict.fromkeys(COUNTED, 0)
    for row in ROWS.values():
        conversation = FORMATS["messages"].convert(row)
        tokens = renderer.tokens(conversation)
        if isinstance(tokens, RenderError):
            is_own = "the chat template refuses the row" in str(tokens)
            found["refused" if is_own else "refused by us"] += 1
            continue
        found["taken"] += 1
        other = None if twin is None else difference(renderer, twin, conversation)
        if other is not None:
            found["compared"] += 1
            found["equal"] += not other
    return found


def _speeds(data: Path, count: int) -> dict[str, Any]:
    """Rows a second of each way, and its ratio to template and tokenizer alone."""
    rows = read(data / "alpaca_data.json.gz")[np.arange(2 * count)].conversations()
    chats = [Conversation(first.turns + next(rows).turns) for first in rows]
    folder = data.parent / "models" / "tiny-llama-7m"
    found: dict[str, Any] = {}
    for way, name in WAYS.items():
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        renderer = make_renderer(tokenizer, max_length=2_048, chat_template=templates()[name])
        bare = _seconds(lambda renderer=renderer: _written(renderer, chats))
        whole = _seconds(lambda renderer=renderer: renderer.render(chats))
        found[way] = {"template": name, "rows": count / whole, "of_writing_alone": bare / whole}
        print(f"{way}: {count / whole:,.0f} rows/s, {bare / whole:.2f} of writing alone")
    return found


def _written(renderer: Renderer, chats: list[Conversation]) -> None:
    """Template and tokenizer, and nothing of what is supervised."""
    texts = [renderer.chat.write(renderer.chat.chat(chat))[0] for chat in chats]
    renderer.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)


def _seconds(work: Callable[[], object]) -> float:
    """The least of some runs, of the processor."""
    best = np.inf
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return float(best)
