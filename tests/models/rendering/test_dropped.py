"""What a chat template has no place for: told once, with the number of rows."""

import pytest

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

from tests.models.rendering.talks import (
    EVERYTHING,
    EVERYTHING_MARKED,
    TOOL,
    assistant,
    call,
    renderer_of,
    result,
    user,
)
from tests.models.tiny_models import CHATML, CHATML_MARKED

from spanset.data.reader import read
from spanset.models.rendering.chat_templates import ChatTemplate
from spanset.models.rendering.probes import REASONING
from spanset.models.rendering.token_survey import survey

ASK, TELL = user("Which day?"), assistant("Monday.")
PLAIN = {"messages": [ASK, TELL]}
TOOLED = {"messages": [ASK, TELL], "tools": [TOOL]}
CALLED = {
    "messages": [
        *(ASK, assistant("", tool_calls=[call(n=1)]), result("1"), TELL),
    ]
}
TOLD = "warning: the chat template has no place for {}: {} read without"


def thought(field, text="Hm."):
    return {"messages": [ASK, {**TELL, field: text}]}


def told(rows, template=CHATML, **options):
    notes = []
    survey(read(rows), renderer_of(template), on_note=notes.append, **options)
    return notes


KINDS = [
    *(pytest.param(thought(field), f"reasoning ({field})", id=field) for field in REASONING),
    pytest.param(TOOLED, "definitions of tools", id="tools"),
    pytest.param(CALLED, "tool calls", id="calls"),
]


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
@pytest.mark.parametrize(("row", "name"), KINDS)
def test_what_has_no_place_is_told_once_with_its_rows_and_their_copies(row, name, template):
    other = {**row, "messages": [*row["messages"], user("And then?"), assistant("Tuesday.")]}
    assert told([row, PLAIN], template) == [TOLD.format(name, "1 row")]
    assert told([row, PLAIN, other, row, PLAIN, row], template) == [TOLD.format(name, "4 rows")]


@pytest.mark.parametrize("field", REASONING)
def test_reasoning_is_not_told_of_a_template_that_writes_it(field):
    writes = EVERYTHING.replace("reasoning_content", field)
    assert field in ChatTemplate(writes, {}).reasoning_fields
    assert told([thought(field)], writes) == []


@pytest.mark.parametrize("template", [EVERYTHING, EVERYTHING_MARKED])
def test_nothing_is_told_of_a_template_that_writes_it_all(template):
    assert told([PLAIN, TOOLED, CALLED, thought("reasoning_content")], template) == []


@pytest.mark.parametrize(
    "row",
    [
        PLAIN,
        {**PLAIN, "tools": []},
        {**PLAIN, "tools": None},
        *(thought(field, "") for field in REASONING),
        {"messages": [ASK, assistant("<think>Hm.</think>Monday.")]},
        {"messages": [ASK, {**TELL, "tool_calls": []}]},
        {**PLAIN, "chat_template_kwargs": {"enable_thinking": True}},
    ],
)
def test_what_is_not_there_is_not_missed(row):
    assert told([row]) == []


def test_all_that_one_row_loses_is_told():
    message = {**TELL, "reasoning": "Hm.", "tool_calls": [call()]}
    rows = [{"messages": [ASK, message], "tools": [TOOL]}, TOOLED]
    assert sorted(told(rows)) == [
        TOLD.format("definitions of tools", "2 rows"),
        TOLD.format("reasoning (reasoning)", "1 row"),
        TOLD.format("tool calls", "1 row"),
    ]


@pytest.mark.parametrize(
    ("pair", "rows"), [("difference", "2 rows"), ("chosen", "1 row"), ("rejected", "2 rows")]
)
def test_of_a_pair_the_sides_that_are_taken_count_and_the_row_once(pair, rows):
    called = {**TELL, "tool_calls": [call(n=1)]}
    both = {"prompt": [ASK], "chosen": [called], "rejected": [{**called, "content": "No"}]}
    assert told([both, {**both, "chosen": [TELL]}], pair=pair) == [TOLD.format("tool calls", rows)]


def test_many_rows_are_counted_with_commas():
    assert told([TOOLED] * 1234) == [TOLD.format("definitions of tools", "1,234 rows")]


@pytest.mark.parametrize(("row", "name"), KINDS)
def test_a_template_that_refuses_what_it_has_no_place_for_refuses_the_row_and_loses_nothing(
    row, name
):
    refuses = (
        "{% if tools %}{{ raise_exception('no') }}{% endif %}{% for m in messages %}"
        "{% if m['tool_calls'] or m['reasoning_content'] or m['reasoning'] or m['thinking'] %}"
        "{{ raise_exception('no') }}{% endif %}{% endfor %}" + CHATML
    )
    assert told([row, PLAIN], refuses, on_bad_row="skip") == []
