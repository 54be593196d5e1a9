"""What was recognised in rows beside their words, to be said once per input."""

from __future__ import annotations

from collections.abc import Iterator

from spanset.data.conversation import Conversation
from spanset.data.rows import Rows

UNSEEN = "pictures, sounds and files, not seen"


def remarks_on(conversation: Conversation) -> Iterator[str]:
    """The remarks on one row, each as often as it applies."""
    unseen = 0
    for turn in conversation.turns + conversation.rejected:
        if turn.untrained and turn.role == "assistant":
            yield f"turns marked {turn.untrained}, not trained on"
        unseen += turn.unseen
    # Rows that place them in their turns may list them beside these, too.
    for _ in range(max(unseen, conversation.unseen)):
        yield UNSEEN


def remark_lines(data: Rows) -> list[str]:
    """A line for every input and remark, with the number."""
    return [
        f"{source.name}: {remark}: {count:,}"
        for source, remarks in zip(data.sources, data.remarks, strict=False)
        for remark, count in sorted(remarks.items())
    ]
