"""Rows to write."""

from __future__ import annotations

ROWS = [
    '{"question": "q0", "answer": "a0"}',
    '{"question":"é\u2028","answer":"\\ud83d\\/","n":NaN,"n":12345678901234567890}',
    '{ "answer" :\t"a2" , "question": "  q2\\n " }',
]


def with_field(value: str) -> str:
    """A row that is read, with this JSON text in one of its fields."""
    return f'{{"question": "q", "answer": "a", "more": {value}}}'
