"""Rows that were left out, in words: how many, as what, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from spanset.data.rows import BadRow, Rows

REASONS = 3  # that are told


def left_out_lines(data: Rows) -> Iterator[str]:
    """A line for every kind of them."""
    kinds = {
        "malformed": data.bad,
        "without an answer": data.empty,
        "without features": data.unrepresented,
        "to be avoided": data.avoided,
    }
    for kind, rows in kinds.items():
        if rows:
            yield f"Left out, {kind}: {len(rows):,} ({reasons_of(rows)})"


def reasons_of(rows: Sequence[BadRow]) -> str:
    """The most frequent reasons with their counts; the reason alone, where it is one."""
    counts = Counter(row.reason for row in rows)
    if len(counts) == 1:
        return rows[0].reason
    shown = [f"{reason}: {count:,}" for reason, count in counts.most_common(REASONS)]
    if len(counts) > REASONS:
        rest = sum(counts.values()) - sum(count for _, count in counts.most_common(REASONS))
        shown.append(f"other reasons: {rest:,}")
    return "; ".join(shown)
