"""Templates that write turns otherwise as others follow, refuse halves, or mark turns in pieces."""

import pytest
from tests.models.chats import TWO, refusal, renderer_of, supervised
from tests.models.tiny_models import CHATML, CHATML_MARKED

from spanset.data.conversation import Conversation, Turn
from spanset.data.formats.registry import FORMATS
from spanset.models.rendering.chat_templates import RenderError

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

FIRST = [("assistant", "Hello."), *TWO]
# Writes no generation prompt before the first message.
NO_EMPTY_PROMPT = CHATML.replace("add_generation_prompt", "add_generation_prompt and messages")
# Refuses what does not end with an answer, unless it is to be gone on from.
WHOLE_ONLY = (
    "{% if messages and messages[-1]['role'] != 'assistant' %}{{ raise_exception('half') }}"
    "{% endif %}" + CHATML
)
# A thinking block in front of the last answer only.
THINKS_LAST = CHATML.replace(
    "m['content'] +",
    "('<think></think>' if loop.last and m['role'] == 'assistant' else '') + m['content'] +",
)
# The last answer ends with the end of text.
ENDS_OTHERWISE = CHATML.replace(
    "'<|im_end|>\n' }}{% endfor %}",
    "('</s>' if loop.last and m['role'] == 'assistant' else '<|im_end|>\n') }}{% endfor %}",
)
# A mark for the text, and one for the end of the turn.
PIECES = CHATML_MARKED.replace(
    "{% endgeneration %}{{ '<|im_end|>\n' }}",
    "{% endgeneration %}{% generation %}{{ '<|im_end|>' }}{% endgeneration %}{{ '\n' }}",
)


@pytest.mark.parametrize("template", [CHATML, NO_EMPTY_PROMPT, CHATML_MARKED, PIECES])
def test_a_conversation_may_begin_with_the_assistant(template):
    answers = ["Hello.<|im_end|>", "Four.<|im_end|>", "Of course.<|im_end|>"]
    assert supervised(renderer_of(template), *FIRST) == answers


def test_a_template_may_refuse_half_a_conversation():
    answers = ["Four.<|im_end|>", "Of course.<|im_end|>"]
    assert supervised(renderer_of(WHOLE_ONLY), *TWO) == answers


def test_a_thinking_block_that_the_template_puts_in_is_the_models():
    found = supervised(renderer_of(THINKS_LAST), *TWO)
    assert found == ["Four.<|im_end|>", "<think></think>Of course.<|im_end|>"]


def test_the_last_answer_may_end_otherwise():
    found = supervised(renderer_of(ENDS_OTHERWISE), *TWO)
    assert found == ["Four.<|im_end|>", "Of course.</s>"]


def test_a_text_that_stands_in_the_conversation_before_is_told_from_it():
    said = [("user", "Four.<|im_end|>\n"), ("assistant", "Four."), ("user", "Four."), *TWO[-1:]]
    for template in (CHATML, THINKS_LAST, WHOLE_ONLY):
        first, last = supervised(renderer_of(template), *said)
        assert first == "Four.<|im_end|>"
        assert last.endswith("Of course.<|im_end|>")


# Turns that are not trained on


def marked(*untrained):
    """FIRST, with these of its turns left out of the loss."""
    turns = [Turn(*turn) for turn in FIRST]
    for number in untrained:
        turns[number] = turns[number]._replace(untrained="weight: 0")
    return Conversation(tuple(turns))


def learnt(renderer, conversation):
    tokens = renderer.tokens(conversation)
    assert not isinstance(tokens, RenderError), tokens
    return "".join(token.text if token.supervised else "|" for token in tokens).strip("|")


ANSWERS = {0: "Hello.", 2: "Four.", 4: "Of course."}


@pytest.mark.parametrize("template", [CHATML, WHOLE_ONLY, CHATML_MARKED, PIECES])
@pytest.mark.parametrize("untrained", [(0,), (2,), (4,), (0, 2), (0, 4), (2, 4), (0, 2, 4)])
def test_a_turn_that_is_not_trained_on_is_read_and_not_learnt(template, untrained):
    found = learnt(renderer_of(template), marked(*untrained))
    for number, answer in ANSWERS.items():
        assert (f"{answer}<|im_end|>" in found) == (number not in untrained)
    assert found.count("<|im_end|>") == 3 - len(untrained)


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED, PIECES])
def test_the_last_turn_is_no_other_where_it_is_not_trained_on(template):
    last = renderer_of(template, supervise="last")
    assert learnt(last, marked(0, 2)) == "Of course.<|im_end|>"
    assert learnt(last, marked(4)) == ""


def test_a_mark_on_anothers_turn_changes_nothing():
    found = learnt(renderer_of(CHATML), marked(1, 3))
    assert found.count("<|im_end|>") == 3


# What cannot be done


def test_a_template_that_computes_with_a_text_refuses_the_row_with_its_turn():
    long = "(m['content'] | length > 30) * '!'"
    counts = CHATML.replace("m['role'] +", f"m['role'] + ({long}) +")
    message = refusal(renderer_of(counts), *TWO[:2], ("user", "x"), ("assistant", "x" * 31))
    assert "turn 4" in message
    assert "--chat-template FILE" in message


BAD_TOOLS = {"messages": [{"role": role, "content": role} for role in ("user", "assistant")]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"tools": "no json"}, "field 'tools' is text, and not JSON"),
        ({"chat_template_kwargs": {"tools": [], "messages": []}}, "messages, tools"),
    ],
)
def test_what_no_template_can_be_given_is_refused_with_the_reason(row, reason):
    conversation = FORMATS["messages"].convert({**BAD_TOOLS, **row})
    (error,) = renderer_of(CHATML).render([conversation])
    assert isinstance(error, RenderError)
    assert reason in str(error)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% if tools %}{{ raise_exception('no tools here') }}{% endif %}", "no tools here"),
        ("{% for tool in tools or [] %}{{ tool.function.name + 1 }}{% endfor %}", "TypeError"),
    ],
)
def test_a_template_that_cannot_take_tools_refuses_such_rows_only(template, reason):
    tools = [{"type": "function", "function": {"name": "f"}}]
    rows = [BAD_TOOLS, {**BAD_TOOLS, "tools": tools}]
    renderer = renderer_of(template + CHATML)
    fine, refused = renderer.render([FORMATS["messages"].convert(row) for row in rows])
    assert not isinstance(fine, RenderError)
    assert "the chat template refuses the row" in str(refused)
    assert reason in str(refused)


def test_settings_of_the_row_reach_the_template():
    template = CHATML.replace("{% for", "{{ 'deep' if enable_thinking else 'flat' }}{% for", 1)
    renderer = renderer_of(template)
    for value, word in ((True, "deep"), (False, "flat")):
        row = {**BAD_TOOLS, "chat_template_kwargs": {"enable_thinking": value}}
        tokens = renderer.tokens(FORMATS["messages"].convert(row))
        assert "".join(token.text for token in tokens).startswith(word)
