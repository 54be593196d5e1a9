"""Chat templates of every kind: what they supervise, and why rows or templates are refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from tests.models.chats import (
    MARKS_WITH_END,
    QUESTION,
    TWO,
    refusal,
    renderer_of,
    supervised,
    talk,
)
from tests.models.tiny_models import (
    CHATML,
    CHATML_MARKED,
    GEMMA,
    LLAMA3,
    NO_END,
    PHI3,
    THINKING,
    make_tokenizer,
)

from spanset.base.errors import UsageError
from spanset.models.rendering.chat_templates import PLAIN_TEMPLATE, RenderError
from spanset.models.rendering.tried_renderer import make_renderer

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

MARKS_AROUND_NOTHING = CHATML_MARKED.replace(
    "{% generation %}{{ m['content'] }}{% endgeneration %}",
    "{% generation %}{% endgeneration %}{{ m['content'] }}",
)
DROPS_THE_ANSWER = CHATML.replace(
    "m['content']", "(m['content'] if m['role'] != 'assistant' else '')"
)
COUNTS_CHARACTERS = CHATML.replace("m['role'] +", "m['role'] + (m['content'] | length | string) +")
MARKS_WITH_BREAK = CHATML_MARKED.replace(
    "{% endgeneration %}{{ '<|im_end|>\n' }}", "{{ '<|im_end|>\n' }}{% endgeneration %}"
)
TWO_MARKS_A_TURN = CHATML_MARKED.replace(
    "{{ m['content'] }}{% endgeneration %}",
    "{{ m['content'][:2] }}{% endgeneration %}{% generation %}{{ m['content'][2:] }}"
    "{% endgeneration %}",
)


# Every kind of template -----------------------------------------------------------------------


@pytest.mark.parametrize("trim_offsets", [True, False])
@pytest.mark.parametrize(
    ("template", "method", "end"),
    [
        pytest.param(CHATML, "prefixes", "<|im_end|>", id="chatml"),
        pytest.param(CHATML_MARKED, "marks", "<|im_end|>", id="marked"),  # marks end before it
        pytest.param(MARKS_WITH_END, "marks", "<|im_end|>", id="with-end"),
        pytest.param(
            MARKS_WITH_BREAK, "marks", "<|im_end|>\n", id="with-break"
        ),  # the template's own marks are obeyed
        pytest.param(TWO_MARKS_A_TURN, "marks", "<|im_end|>", id="two-marks"),
        pytest.param(LLAMA3, "prefixes", "<|eot_id|>", id="llama3"),
        pytest.param(GEMMA, "prefixes", "<end_of_turn>", id="gemma"),
        pytest.param(THINKING, "prefixes", "<|im_end|>", id="thinking"),
        pytest.param(NO_END, "prefixes", "\n\n", id="no-end"),
        pytest.param(None, "marks", "</s>", id="plain"),
    ],
)
def test_answers_and_their_end_of_turn_are_supervised_and_no_header_is(
    template, method, end, trim_offsets
):
    every = renderer_of(template, trim_offsets=trim_offsets)
    last = renderer_of(template, supervise="last", trim_offsets=trim_offsets)
    assert every.chat.has_marks == (method == "marks")
    assert supervised(every, *TWO) == [f"Four.{end}", f"Of course.{end}"]
    assert supervised(last, *TWO) == [f"Of course.{end}"]


def test_pieces_of_a_sentencepiece_tokenizer_are_located_too():
    for template in (CHATML, CHATML_MARKED):
        renderer = renderer_of(template, pieces="words")
        _, pieces = renderer.pieces(talk(*TWO))
        texts = [piece.text for piece in pieces if piece.supervised]
        assert texts == ["Four.<|im_end|>", "Of course.<|im_end|>"]


def test_an_end_of_sequence_that_closes_the_text_and_no_turn_belongs_to_the_last_turn():
    renderer = renderer_of(PHI3)
    assert supervised(renderer, *TWO) == ["Four.<|im_end|>", "Of course.<|im_end|>\n</s>"]
    assert supervised(renderer, *TWO[:3]) == ["Four.<|im_end|>"]


def test_a_space_of_the_generation_prompt_that_a_tokenizer_joins_to_the_answer_is_supervised():
    renderer = renderer_of(NO_END.replace("ASSISTANT:\n", "ASSISTANT: ").replace(":\n", ": "))
    assert supervised(renderer, *TWO[:2]) == [" Four.\n\n"]


def test_the_generation_prompt_is_the_text_before_a_supervised_answer():
    renderer = renderer_of(CHATML)
    (row,) = renderer.render([talk(QUESTION, ("assistant", "Four."))])
    prompt = renderer.tokenizer.apply_chat_template(
        [{"role": "user", "content": QUESTION[1]}], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    assert row.ids[: len(prompt)].tolist() == prompt
    assert not row.supervised[: len(prompt)].any()
    assert row.supervised[len(prompt)]


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED, None])
def test_an_empty_answer_among_others_teaches_its_end_alone(template):
    end = "</s>" if template is None else "<|im_end|>"
    turns = [QUESTION, ("assistant", ""), ("user", "Well?"), ("assistant", "Four.")]
    renderer = renderer_of(template)
    assert supervised(renderer, *turns) == [end, f"Four.{end}"]
    assert supervised(renderer, *turns[:2]) == [end]


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
def test_system_and_tool_turns_are_read_and_not_learnt(template):
    turns = [
        ("system", "Be short."),
        QUESTION,
        ("assistant", "add(2, 2)"),
        ("tool", "4"),
        ("assistant", "Four."),
        ("user", "Thanks."),
    ]
    renderer = renderer_of(template)
    assert supervised(renderer, *turns) == ["add(2, 2)<|im_end|>", "Four.<|im_end|>"]
    (row,) = renderer.render([talk(*turns)])
    assert "Be short." in renderer.tokenizer.decode(row.ids.tolist())


def test_a_row_without_an_answer_has_no_supervised_token():
    for template in (CHATML, CHATML_MARKED):
        assert supervised(renderer_of(template), QUESTION) == []


def test_several_marks_a_turn_are_counted_for_the_last_turn():
    renderer = renderer_of(TWO_MARKS_A_TURN, supervise="last")
    assert supervised(renderer, *TWO, ("user", "Thanks.")) == ["Of course.<|im_end|>"]


def test_the_last_turn_is_found_where_the_template_refuses_half_a_conversation():
    ended = "{% if messages[-1]['role'] == 'user' %}{{ raise_exception('open') }}{% endif %}"
    renderer = renderer_of(ended + CHATML_MARKED, supervise="last")
    assert supervised(renderer, *TWO) == ["Of course.<|im_end|>"]


def test_the_token_that_starts_the_next_turn_is_not_an_end_of_turn():
    template = (
        "{% for m in messages %}{% if m['role'] == 'user' %}{{ bos_token + m['content'] + '\n' }}"
        "{% else %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endif %}{% endfor %}"
    )
    assert supervised(renderer_of(template), *TWO) == ["Four.", "Of course."]
    both = renderer_of(template, bos="</s>")  # here it is the end of a turn too
    assert supervised(both, *TWO) == ["Four.</s>", "Of course."]


def test_special_tokens_are_the_templates_alone():
    renderer = renderer_of(LLAMA3, adds_bos=True)
    (row,) = renderer.render([talk(*TWO)])
    assert row.ids.tolist().count(renderer.tokenizer.bos_token_id) == 1
    assert supervised(renderer, *TWO) == ["Four.<|eot_id|>", "Of course.<|eot_id|>"]


# The plain template ----------------------------------------------------------------------------


@pytest.mark.parametrize(("bos", "eos"), [("<s>", "</s>"), (None, "</s>"), (None, None)])
def test_a_tokenizer_without_template_gets_the_plain_one(bos, eos):
    renderer = renderer_of(None, bos=bos, eos=eos)
    assert renderer.template == PLAIN_TEMPLATE
    (row,) = renderer.render([talk(("system", "Be short."), *TWO[:2])])
    assert renderer.tokenizer.decode(row.ids.tolist()) == (
        f"{bos or ''}### System:\nBe short.\n\n### User:\nWhat is two plus two?\n\n"
        f"### Assistant:\nFour.{eos or ''}"
    )
    assert supervised(renderer, *TWO) == [f"Four.{eos or ''}", f"Of course.{eos or ''}"]


def test_the_plain_template_has_a_generation_prompt():
    tokenizer = make_tokenizer(PLAIN_TEMPLATE)
    whole, prompt = (
        tokenizer.apply_chat_template(
            [{"role": role, "content": text} for role, text in turns], tokenize=False, **more
        )
        for turns, more in ((TWO[:2], {}), (TWO[:1], {"add_generation_prompt": True}))
    )
    assert whole == f"{prompt}Four.</s>"


# Rows that are refused --------------------------------------------------------------------------


def test_a_row_is_refused_with_the_templates_own_message():
    renderer = renderer_of(GEMMA)
    assert "System role not supported" in refusal(renderer, ("system", "Be short."), *TWO)
    assert "roles must alternate" in refusal(renderer, QUESTION, *TWO)


def test_a_template_that_fails_in_its_own_way_refuses_the_row():
    renderer = renderer_of("{% set n = 1 // (messages | length - 3) %}" + CHATML)
    assert "ZeroDivisionError" in refusal(renderer, *TWO[:3])


def test_refused_rows_leave_their_neighbours_alone():
    renderer = renderer_of(GEMMA)
    good, bad = talk(*TWO), talk(("system", "Be short."), *TWO)
    (alone,) = renderer.render([good])
    for row, result in zip(rows := [bad, good, bad, good], renderer.render(rows), strict=True):
        if row is bad:
            assert isinstance(result, RenderError)
        else:
            np.testing.assert_array_equal(result.ids, alone.ids)
            np.testing.assert_array_equal(result.supervised, alone.supervised)


def test_a_turn_that_is_written_otherwise_once_others_follow_is_found():
    turns = [QUESTION, ("assistant", "<think>2+2</think>Four."), *TWO[2:]]
    answers = ["Four.<|im_end|>", "Of course.<|im_end|>"]
    assert supervised(renderer_of(THINKING), *turns) == answers
    assert supervised(renderer_of(THINKING, supervise="last"), *turns) == answers[1:]


def test_a_turn_starts_after_what_it_has_of_its_generation_prompt():
    for opens in (
        CHATML.replace(
            "assistant\n' }}", "assistant\n' + (messages | length > 1) * '<think>\n' }}"
        ),
        CHATML.replace("assistant\n' }}", "assistant\n<think>' }}"),
    ):
        assert supervised(renderer_of(opens), *TWO) == ["Four.<|im_end|>", "Of course.<|im_end|>"]


def test_marks_that_miss_the_answer_of_one_row_refuse_that_row():
    renderer = renderer_of(CHATML_MARKED.replace("== 'assistant'", "== 'assistant' and loop.last"))
    assert supervised(renderer, *TWO) == ["Of course.<|im_end|>"]
    assert "no token of the answer" in refusal(renderer, *TWO[:3])


# Templates and tokenizers that are refused ------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "what"),
    [
        (DROPS_THE_ANSWER, "drops the answer"),
        ("", "drops the answer"),
        (MARKS_AROUND_NOTHING, "marks no assistant tokens"),
        (CHATML + "{# {% generation %} #}", "marks no assistant tokens"),
        (CHATML_MARKED.replace("m['content'] }}{% endg", "m['role'] }}{% endg", 1), "drops"),
        ("{% for m in messages %}", "not valid Jinja"),
        ("{{ messages | nosuch }}", "not valid Jinja"),
        ("{{ raise_exception('Never!') }}", "fails on a question"),
        (COUNTS_CHARACTERS, "does not tell the answer"),
        (
            "{% macro say(m) %}{{ '<|im_start|>assistant\n' }}{% generation %}{{ m['content'] }}"
            "{% endgeneration %}{% endmacro %}{% for m in messages %}{{ say(m) }}{% endfor %}",
            "not those of the answer",  # transformers misplaces marks inside a macro
        ),
    ],
)
@pytest.mark.parametrize("is_given", [True, False])
def test_a_useless_template_is_refused_before_any_row(template, what, is_given):
    tokenizer = make_tokenizer(CHATML if is_given else template)
    given = template if is_given else None
    with pytest.raises(UsageError, match=what) as raised:
        make_renderer(tokenizer, max_length=8, chat_template=given, name="some/model")
    assert raised.value.where == ("--chat-template" if is_given else "some/model")
    assert raised.value.fix


def test_a_syntax_error_names_its_line():
    with pytest.raises(UsageError) as raised:
        renderer_of("{# one #}\n{% for m in %}\n{{ strftime_now('%d') }}")
    assert raised.value.why.startswith("line 2: ")


@pytest.mark.parametrize(("option", "value"), [("supervise", "first"), ("max_length", 1)])
def test_a_wrong_argument_is_refused_with_its_flag(option, value):
    with pytest.raises(UsageError) as raised:
        renderer_of(CHATML, **{option: value})
    assert raised.value.where == "--" + option.replace("_", "-")


def test_a_tokenizer_without_offsets_is_refused():
    slow = SimpleNamespace(is_fast=False, chat_template=None)
    with pytest.raises(UsageError, match="where in the text") as raised:
        make_renderer(slow, max_length=8, name="some/model")
    assert raised.value.where == "some/model"
    assert "tokenizer.json" in raised.value.fix
