"""Templates that join turns, forget reasoning, refuse halves, or mark what is no turn."""

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

from tests.models.rendering.talks import (
    EVERYTHING,
    EVERYTHING_MARKED,
    FORGETS,
    WHOLE_ONLY,
    assistant,
    call,
    found,
    renderer_of,
    result,
    row_of,
    user,
)
from tests.models.tiny_models import CHATML, CHATML_MARKED

from spanset.data.reader import read
from spanset.models.rendering.chat_templates import RESERVED, RenderError

END = "<|im_end|>"
# Turns of the same speaker become one.
JOINS = (
    "{% for m in messages %}{% set again = not loop.first and loop.previtem['role'] == m['role'] %}"
    "{{ '\n' if again else '<|im_start|>' + m['role'] + '\n' }}SAID"
    "{{ '' if not loop.last and loop.nextitem['role'] == m['role'] else '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
JOINS_MARKED = JOINS.replace(
    "SAID",
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{% endgeneration %}"
    "{% else %}{{ m['content'] }}{% endif %}",
)
JOINS = JOINS.replace("SAID", "{{ m['content'] }}")
# The end of the text is marked, too.
MARKED_END = CHATML_MARKED + (
    "{% if not add_generation_prompt %}{% generation %}{{ '</s>' }}{% endgeneration %}{% endif %}"
)


@lru_cache
def renderer(template):
    return renderer_of(template)


def without(messages, *untrained):
    """The messages, these of them left out of the loss."""
    return [
        {**message, "weight": 0} if number in untrained else message
        for number, message in enumerate(messages)
    ]


# Turns that are joined

JOINED = [
    *(user("Sum?"), assistant("Let me see."), assistant("Four.")),
    *(user("Sure?"), assistant("Yes."), assistant("Quite.")),
]
JOINED_ANSWERS = {1: "Let me see.", 2: f"Four.{END}", 4: "Yes.", 5: f"Quite.{END}"}


@pytest.mark.parametrize("template", [JOINS, JOINS_MARKED])
@pytest.mark.parametrize("untrained", [(), (1,), (2,), (4,), (5,), (1, 4), (2, 5), (1, 2)])
def test_turns_that_are_joined_are_told_apart(template, untrained):
    answers = [text for number, text in JOINED_ANSWERS.items() if number not in untrained]
    assert found(template, without(JOINED, *untrained)) == answers


@pytest.mark.parametrize("template", [JOINS, JOINS_MARKED])
def test_the_last_of_joined_turns_is_the_last(template):
    assert found(template, JOINED, supervise="last") == [f"Quite.{END}"]
    assert found(template, without(JOINED, 5), supervise="last") == []


# Reasoning that is forgotten

THOUGHT = [
    *(user("Sum?"), assistant("Four.", reasoning_content="Hm.")),
    *(user("Sure?"), assistant("Yes.", reasoning_content="Well.")),
    *(user("So?"), assistant("No.", reasoning_content="Oh.")),
]
LAST = f"<think>\nOh.\n</think>\n\nNo.{END}"
THOUGHT_ANSWERS = {1: f"Four.{END}", 3: f"Yes.{END}", 5: LAST}
GREETING = assistant("Hello.", reasoning_content="Who is it?")


@pytest.mark.parametrize("refuses", ["", WHOLE_ONLY])
@pytest.mark.parametrize("untrained", [(), (1,), (3,), (5,), (1, 3), (1, 5), (3, 5), (1, 3, 5)])
def test_turns_whose_reasoning_is_forgotten_are_found(refuses, untrained):
    answers = [text for number, text in THOUGHT_ANSWERS.items() if number not in untrained]
    assert found(refuses + FORGETS, without(THOUGHT, *untrained)) == answers


@pytest.mark.parametrize("refuses", ["", WHOLE_ONLY])
def test_the_last_turn_keeps_its_reasoning(refuses):
    assert found(refuses + FORGETS, THOUGHT, supervise="last") == [LAST]
    assert found(refuses + FORGETS, without(THOUGHT, 5), supervise="last") == []


@pytest.mark.parametrize("refuses", ["", WHOLE_ONLY])
def test_the_assistant_may_begin_and_its_reasoning_be_forgotten(refuses):
    answers = [f"Hello.{END}", *THOUGHT_ANSWERS.values()]
    assert found(refuses + FORGETS, [GREETING, *THOUGHT]) == answers


CALLING = [
    *(user("Weather?"), assistant("", reasoning_content="Look.", tool_calls=[call(city="Oslo")])),
    *(result("12"), assistant("It is 12.", reasoning_content="Well.")),
    *(user("Sure?"), assistant("Yes.")),
]
CALLING_ANSWERS = {
    1: f'<call>look {{"city": "Oslo"}}</call>{END}',
    3: f"It is 12.{END}",
    5: f"Yes.{END}",
}


@pytest.mark.parametrize("untrained", [(), (1,), (3,), (5,)])
def test_calls_whose_reasoning_is_forgotten_are_found(untrained):
    answers = [text for number, text in CALLING_ANSWERS.items() if number not in untrained]
    assert found(FORGETS, without(CALLING, *untrained)) == answers


# Characters are escaped in JSON: what is written of a text may end otherwise than the text.
ESCAPED = [{"a": "\x1b"}, {"a": "\x0d\x0d0"}, {"a": "é"}, {"a": "\x1fZqvx\x1b"}]


@pytest.mark.parametrize(
    "arguments", [{}, {"a": ""}, {"a": {}}, {"a": [1, None]}, {"a": 0}, *ESCAPED]
)
@pytest.mark.parametrize("template", [EVERYTHING, EVERYTHING_MARKED, WHOLE_ONLY + EVERYTHING])
@pytest.mark.parametrize("text", ["", "I look."])
def test_calls_are_found_whatever_their_arguments(template, arguments, text):
    said = [user("Weather?"), assistant(text, tool_calls=[call(**arguments)]), result("12")]
    first, last = found(template, [*said, assistant("It is 12.")])
    assert first.startswith(f"{text}<call>look {{")
    assert first.endswith(f"}}</call>{END}")
    assert last == f"It is 12.{END}"


# Marks that are no turn's

TALK = [user("Sum?"), assistant("Four."), user("Sure?"), assistant("Yes.")]


@pytest.mark.parametrize("more", [[], [user("Bye.")]])
def test_a_mark_at_the_end_belongs_to_the_last_turn(more):
    talk = [*TALK, *more]
    assert found(MARKED_END, talk) == ["Four.", "Yes.", "</s>"]
    assert found(MARKED_END, talk, supervise="last") == ["Yes.", "</s>"]
    assert found(MARKED_END, without(talk, 1)) == ["Yes.", "</s>"]
    assert found(MARKED_END, without(talk, 3)) == ["Four."]


# Any conversation

SAID = ["", "Yes.", " Yes. ", "\n", "e", "im_end", "<", "{}", "Zqvxk", END, "user\nHi"]
PARTS = ["</think>x", "<call>look {}</call>", "<think>\nHm.\n</think>\n\nYes."]
texts = st.sampled_from(SAID + PARTS) | st.text(max_size=8)
values = texts | st.integers() | st.lists(texts)
calls = st.dictionaries(st.sampled_from("ab"), values).map(lambda values: call(**values))
answers = st.fixed_dictionaries(
    {"role": st.just("assistant"), "content": texts},
    optional={"reasoning_content": texts, "tool_calls": st.lists(calls, min_size=1, max_size=2)},
)
talks = st.lists(st.builds(user, texts) | answers, min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(talks)
def test_what_is_found_without_marks_is_what_marks_would_hold(talk):
    row = row_of(*talk)
    (marked,) = renderer(EVERYTHING_MARKED).render([row])
    for template in (EVERYTHING, *[WHOLE_ONLY + EVERYTHING] * (talk[-1]["role"] != "user")):
        (one,) = renderer(template).render([row])
        if isinstance(marked, RenderError):
            assert str(one) == str(marked)
        else:
            assert one.ids.tolist() == marked.ids.tolist()
            assert one.supervised.tolist() == marked.supervised.tolist()


# Rows that no template can be given


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_row_cannot_set_what_is_not_its_to_set(name):
    row = row_of(*TALK, chat_template_kwargs={name: [], "enable_thinking": True})
    (error,) = renderer_of(CHATML).render([row])
    assert str(error) == f"chat_template_kwargs of the row name {name}"


def test_tools_that_are_no_definitions_are_nothing_to_words():
    row = {"messages": TALK, "tools": "no JSON"}
    data = read([row])
    assert not data.bad
    assert data.conversation(0).text == read([{"messages": TALK}]).conversation(0).text
    (error,) = renderer_of(EVERYTHING).render([data.conversation(0)])
    assert isinstance(error, RenderError)
