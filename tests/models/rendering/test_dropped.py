"""What a template has no place for is told, with the number of rows, before the model runs."""

import pytest
from tests.models.chats import renderer_of
from tests.models.tiny_models import CHATML

from spanset.data.reader import read
from spanset.models.rendering.token_survey import survey

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
CALL = {"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
ALL = "{{ tools | tojson if tools else '' }}" + CHATML.replace(
    "m['content'] +",
    "(m.thinking or '') + (m.tool_calls | tojson if m.tool_calls else '') + m['content'] +",
)
# transformers gives reasoning under every name, whatever the row calls it
REASONING = "reasoning ({})"


def answer(content="A", **more):
    return {"role": "assistant", "content": content, **more}


def row(*messages, **more):
    return {"messages": [{"role": "user", "content": "Q"}, *messages], **more}


def told(template, rows, pair="difference"):
    notes = []
    survey(read(rows), renderer_of(template), pair=pair, on_note=notes.append)
    return notes


def said(name, rows):
    return (
        f"warning: the chat template has no place for {name}: {rows} row{'s' * (rows != 1)} "
        "read without"
    )


@pytest.mark.parametrize("field", ["reasoning_content", "thinking", "reasoning"])
def test_reasoning_that_is_not_written_is_told_under_its_name(field):
    rows = [row(answer(**{field: "R"})), row(answer()), row(answer(**{field: "S"}))]
    assert told(CHATML, rows) == [said(REASONING.format(field), 2)]
    assert told(ALL, rows) == []


def test_every_row_counts_copies_too():
    rows = [row(answer(tool_calls=[CALL]), tools=[TOOL])] * 3
    assert told(CHATML, rows) == [said("definitions of tools", 3), said("tool calls", 3)]
    assert told(ALL, rows) == []


def test_the_sides_that_are_taken_count():
    pair = {
        "prompt": [{"role": "user", "content": "Q"}],
        "chosen": [answer()],
        "rejected": [answer("B", thinking="R")],
    }
    lacking = [said(REASONING.format("thinking"), 1)]
    assert told(CHATML, [pair]) == told(CHATML, [pair], "rejected") == lacking
    assert told(CHATML, [pair], "chosen") == []


def test_rows_without_any_of_it_say_nothing():
    assert told(CHATML, [row(answer()), row(answer(thinking=""), tools=[])]) == []
