"""Messages in the form that a chat template takes."""

import json

import pytest
from tests.models.chats import renderer_of
from tests.models.tiny_models import CHATML

from spanset.data.formats.registry import FORMATS
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.template_messages import Form, as_taken

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

PARTS = CHATML.replace("m['content']", "m['content'] | map(attribute='text') | join('|')")
EITHER = CHATML.replace(
    "m['content']",
    "(m['content'] if m['content'] is string else m['content'] | map(attribute='text') | join(''))",
)
CALLS = CHATML.replace(
    "m['content'] +",
    "m['content'] + (m.tool_calls[0].function.arguments | tojson if m.tool_calls else '') +",
)
TEXT_CALLS = CALLS.replace("arguments | tojson", "arguments + ''")


def rendered(template, *messages, **row):
    conversation = FORMATS["messages"].convert({"messages": [*messages], **row})
    tokens = renderer_of(template).tokens(conversation)
    assert not isinstance(tokens, RenderError), tokens
    return "".join(token.text for token in tokens)


def parts(*texts):
    return [{"type": "text", "text": text} for text in texts]


def message(role, content, **more):
    return {"role": role, "content": content, **more}


@pytest.mark.parametrize(
    ("template", "form", "text", "several"),
    [
        (CHATML, Form(text=True, parts=False), "A", "A\nB"),
        (PARTS, Form(text=False, parts=True), "A", "A|B"),
        (EITHER, Form(text=True, parts=True), "A", "AB"),
    ],
)
def test_content_is_given_as_the_template_takes_it(template, form, text, several):
    assert renderer_of(template).chat.form == form
    for content, wanted in (("A", text), (parts("A"), text), (parts("A", "B"), several)):
        found = rendered(template, message("user", content), message("assistant", content))
        assert found.count(f"\n{wanted}<|im_end|>") == 2


def test_a_list_that_a_template_of_texts_would_print_is_no_list_of_parts():
    printing = CHATML.replace("m['content']", "(m['content'] | string)")
    assert renderer_of(printing).chat.form == Form(text=True, parts=False)


@pytest.mark.parametrize("arguments", [{"city": "Tromsø"}, '{"city": "Tromsø"}'])
@pytest.mark.parametrize(("template", "objects"), [(CALLS, True), (TEXT_CALLS, False)])
def test_arguments_are_given_as_the_template_takes_them(template, objects, arguments):
    assert renderer_of(template).chat.takes_objects == objects
    call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
    found = rendered(template, message("user", "Q"), message("assistant", "", tool_calls=[call]))
    assert json.dumps({"city": "Tromsø"}, ensure_ascii=False) in found


def test_an_empty_text_is_no_part():
    assert as_taken([message("assistant", "")], Form(text=False, parts=True)) == [
        message("assistant", [])
    ]


LONE = "a\ud800b"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [message("user", LONE), message("assistant", "A")]},
        {"messages": [message("user", parts(LONE, LONE)), message("assistant", "A")]},
        {"messages": [message("user", "Q", name=LONE), message("assistant", "A", thinking=LONE)]},
        {
            "messages": [message("user", "Q"), message("assistant", "A")],
            "tools": [{"type": "function", "function": {"name": LONE, LONE: [LONE]}}],
            "chat_template_kwargs": {"words": LONE},
        },
    ],
)
def test_lone_surrogates_become_the_replacement_character_wherever_they_stand(row):
    template = "{{ tools | tojson if tools else '' }}{{ words or '' }}" + CHATML.replace(
        "m['role'] +", "(m.name or '') + (m.thinking or '') + m['role'] +"
    )
    found = rendered(template, *row.pop("messages"), **row)
    assert "\ud800" not in found
    assert "a?b" in found
