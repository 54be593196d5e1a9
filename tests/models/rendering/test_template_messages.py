"""Messages in the form that a template takes: contents, arguments of calls, lone surrogates."""

import json
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

from tests.models.rendering.talks import (
    EVERYTHING,
    EVERYTHING_MARKED,
    assistant,
    call,
    learnt,
    renderer_of,
    result,
    row_of,
    user,
)
from tests.models.tiny_models import CHATML, GEMMA

from spanset.data.conversation import Turn
from spanset.models.rendering.chat_templates import ChatTemplate
from spanset.models.rendering.template_messages import (
    Form,
    as_taken,
    from_turns,
    without_surrogates,
)

PARTS = CHATML.replace(
    "+ m['content'] + '<|im_end|>\n' }}",
    "}}{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{{ '<|im_end|>\n' }}",
)
EITHER = (
    "{% macro said(c) %}{% if c is string %}{{ c }}{% else %}"
    "{% for part in c %}{{ part['text'] }}{% endfor %}{% endif %}{% endmacro %}"
) + CHATML.replace("m['content']", "said(m['content'])")
TEXTS_OR_PYTHON = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
# As DeepSeek's: a text is put before the arguments, which must be a text too.
TEXT_ARGUMENTS = EVERYTHING.replace("(call['function']['arguments'] | tojson)",
                                    "call['function']['arguments']")  # fmt: skip
EITHER_ARGUMENTS = EVERYTHING.replace(
    "(call['function']['arguments'] | tojson)",
    "(call['function']['arguments'] if call['function']['arguments'] is string"
    " else call['function']['arguments'] | tojson)",
)

TWO_PARTS = [{"type": "text", "text": "Four,"}, {"type": "text", "text": "of course."}]


def taken(template, conversation):
    """The messages as this template is given them."""
    return ChatTemplate(template, {}).chat(conversation).messages


# Contents


@pytest.mark.parametrize(
    ("template", "form"),
    [
        pytest.param(CHATML, Form(text=True, parts=False), id="texts"),
        pytest.param(GEMMA, Form(text=True, parts=False), id="trims-texts"),
        pytest.param(TEXTS_OR_PYTHON, Form(text=True, parts=False), id="writes-a-list-as-python"),
        pytest.param(PARTS, Form(text=False, parts=True), id="parts"),
        pytest.param(EITHER, Form(text=True, parts=True), id="either"),
        pytest.param("", Form(text=True, parts=False), id="nothing"),
        pytest.param("{{ raise_exception('no') }}", Form(text=True, parts=False), id="refuses"),
        pytest.param("{% for %}", Form(text=True, parts=False), id="no-jinja"),
    ],
)
def test_what_a_template_takes_for_content_is_found(template, form):
    assert ChatTemplate(template, {"bos_token": "<s>"}).form == form


@pytest.mark.parametrize(
    ("template", "text", "parts", "empty"),
    [
        (CHATML, "Four.", "Four,\nof course.", ""),
        (PARTS, [{"type": "text", "text": "Four."}], TWO_PARTS, []),
        (EITHER, "Four.", TWO_PARTS, ""),
    ],
)
def test_content_has_the_form_that_is_taken(template, text, parts, empty):
    row = row_of(user("?"), assistant("Four."), user("Sure?"), assistant(TWO_PARTS), assistant(""))
    contents = [message["content"] for message in taken(template, row)]
    assert contents[1] == text
    assert contents[3] == parts
    assert contents[4] == empty


def test_answers_are_learnt_in_every_form():
    row = row_of(user("?"), assistant("Four."), user("Sure?"), assistant(TWO_PARTS))
    end = "<|im_end|>"
    assert learnt(renderer_of(CHATML), row) == [f"Four.{end}", f"Four,\nof course.{end}"]
    for template in (PARTS, EITHER):
        assert learnt(renderer_of(template), row) == [f"Four.{end}", f"Four,of course.{end}"]


def test_content_without_parts_is_an_empty_text():
    (message,) = as_taken([assistant([])], Form(text=True, parts=False))
    assert message["content"] == ""


# Arguments of calls

CITY = {"city": "Oslo", "days": 3, "wet": True, "where": {"at": ["Crème", 1.5]}}


@pytest.mark.parametrize("template", [EVERYTHING, EITHER_ARGUMENTS, CHATML, PARTS])
def test_arguments_stay_objects_where_they_are_taken_or_nobody_reads_them(template):
    (message,) = taken(template, row_of(assistant("", tool_calls=[call(**CITY)])))
    assert message["tool_calls"][0]["function"]["arguments"] == CITY


def test_arguments_are_json_text_for_a_template_of_texts():
    template = ChatTemplate(TEXT_ARGUMENTS, {})
    assert not template.takes_objects
    assert template.writes_calls
    row = row_of(user("?"), assistant("", tool_calls=[call(**CITY), call()]))
    calls = template.chat(row).messages[1]["tool_calls"]
    texts = [one["function"]["arguments"] for one in calls]
    assert [json.loads(text) for text in texts] == [CITY, {}]
    assert "Crème" in texts[0]
    assert [one["id"] for one in calls] == ["call00001"] * 2


@pytest.mark.parametrize("said", ["not JSON", "[1, 2]", '"a"'])
def test_arguments_that_are_no_object_stay_the_text_they_are(said):
    function = {"name": "look", "arguments": said}
    row = row_of(user("?"), assistant("", tool_calls=[{"type": "function", "function": function}]))
    for template in (TEXT_ARGUMENTS, EVERYTHING):
        assert taken(template, row)[1]["tool_calls"][0]["function"]["arguments"] == said


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("template", [TEXT_ARGUMENTS, EVERYTHING, EVERYTHING_MARKED])
def test_calls_are_learnt_in_either_form(template, last):
    more = [] if last else [result("12 C"), assistant("It is 12.")]
    row = row_of(user("Weather?"), assistant("", tool_calls=[call(city="Oslo")]), *more)
    written = '<call>look {"city": "Oslo"}</call><|im_end|>'
    assert learnt(renderer_of(template), row)[0] == written


def test_the_row_itself_is_never_changed():
    row = row_of(user("?"), assistant(TWO_PARTS, tool_calls=[call(**CITY)]), user(""))
    before = deepcopy(row)
    for template in (CHATML, PARTS, EITHER, EVERYTHING, TEXT_ARGUMENTS):
        taken(template, row)
    assert row == before


# Lone surrogates

letters = st.characters() | st.characters(categories=["Cs"])
strings = st.text(letters, max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | strings
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=8,
)


def is_clean(value):
    return not any(
        "\ud800" <= letter <= "\udfff" for letter in json.dumps(value, ensure_ascii=False)
    )


@given(values)
def test_no_lone_surrogate_is_left_anywhere_and_all_else_stays(value):
    clean = without_surrogates(value)
    assert is_clean(clean)
    assert type(clean) is type(value)
    if is_clean(value):
        assert clean == value


def test_surrogates_leave_every_part_of_a_row():
    bad = "a\ud800b"
    message = {
        **assistant([{"type": "text", "text": bad}], reasoning_content=bad, name=bad),
        "tool_calls": [call(**{bad: {bad: [bad]}})],
    }
    tool = {"type": "function", "function": {"name": bad, "parameters": {bad: bad}}}
    row = row_of(user(bad), message, tools=[tool], chat_template_kwargs={bad: [bad]})
    chat = ChatTemplate(EVERYTHING, {}).chat(row)
    for clean in (chat.messages, chat.tools, chat.settings):
        assert is_clean(clean)
        assert "a?b" in json.dumps(clean)
    assert learnt(renderer_of(EVERYTHING), row) == [
        '<think>\na?b\n</think>\n\na?b<call>look {"a?b": {"a?b": ["a?b"]}}</call><|im_end|>'
    ]


def test_turns_of_role_and_text_are_messages_of_role_and_content():
    turns = (Turn("user", "a\udfffb"), Turn("assistant", "c", {**assistant("d"), "name": "e"}))
    assert from_turns(turns) == [user("a?b"), {**assistant("d"), "name": "e"}]
