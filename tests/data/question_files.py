"""Files of short questions and answers, some of them broken or empty."""

from __future__ import annotations

import json
from pathlib import Path


def row_of(name: str) -> dict:
    return {"question": f"q{name}", "answer": f"a{name}"}


def line_of(name: str) -> str:
    return json.dumps(row_of(name)) + "\n"


EMPTY = '{"question": "q", "answer": ""}\n'
BROKEN = '{"question": "q", "answer": \n'


def in_file(path: Path, *lines: str) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


def answers(data) -> list[str]:
    return [conversation.answer for conversation in data.conversations()]
