"""A small file with planted copies, paraphrases and families, for the methods of selection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TALKS = (
    ("coding", "Write a Python function that reverses a linked list", "def reverse(head): ..."),
    ("coding", "Explain how quicksort partitions an array", "It moves small items to the left."),
    ("cooking", "How long should I boil eggs for a soft yolk", "Six minutes."),
    ("cooking", "Give me a recipe for tomato soup with basil", "Roast tomatoes, then blend."),
    ("travel", "What are the best months to visit Japan", "April and November."),
    ("travel", "Plan a three day trip to Lisbon", "Alfama, then Belem, then Sintra."),
    ("maths", "Solve the quadratic equation x^2 - 5x + 6 = 0", "x is 2 or 3."),
    ("maths", "Prove that the square root of two is irrational", "Suppose it were p/q."),
    ("music", "Name three composers of the baroque era", "Bach, Handel and Vivaldi."),
    ("health", "How many hours of sleep do adults need", "Seven to nine hours."),
)
ROWS: list[dict[str, Any]] = [
    {"instruction": prompt, "output": answer, "topic": topic, "rating": number + 1}
    for number, (topic, prompt, answer) in enumerate(TALKS)
]
EGGS, SOUP, LISBON, QUADRATIC = 2, 3, 5, 6
COPY, OTHER_ANSWER, OTHER_PROMPT, SHOUTED = 10, 11, 12, 13
ROWS += [
    {**ROWS[EGGS], "rating": 50},
    {**ROWS[QUADRATIC], "output": "Factor it: the roots are two and three.", "rating": 0.5},
    {**ROWS[LISBON], "instruction": "Where to go for a long weekend by the sea", "rating": 0.5},
    {**ROWS[SOUP], "instruction": "Give me a recipe for tomato soup with basil!", "rating": 0.5},
]
N = len(ROWS)
TARGET = [
    {"instruction": "Write a recipe for onion soup", "output": "Caramelise onions."},
    {"instruction": "Bake a loaf of sourdough bread", "output": "Feed the starter first."},
]


def write_lines(name: str, rows: list[dict[str, Any]]) -> str:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def picked(run: str) -> list[int]:
    """Row numbers of a run, in the order of picks."""
    return [int(line) for line in Path(run, "ids.txt").read_text().split()]


def repeated(run: str) -> list[dict[str, Any]]:
    """Lines of a run's repeats."""
    return pq.read_table(Path(run) / "repeats.parquet").to_pylist()


def left_out(run: str) -> list[dict[str, Any]]:
    """Rows that a run lists as left out."""
    path = Path(run, "bad_rows.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
