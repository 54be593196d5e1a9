"""The smallest rows that showed a mistake, each of a kind."""

from itertools import pairwise

import pytest

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

from tests.models.rendering.talks import (
    FORGETS,
    TOOL,
    WHOLE_ONLY,
    assistant,
    call,
    found,
    learnt,
    renderer_of,
    result,
    row_of,
    user,
)
from tests.models.tiny_models import CHATML, CHATML_MARKED, NO_END, THINKING, make_tokenizer

from spanset.base.errors import SpansetError, UsageError
from spanset.data.reader import read
from spanset.models.rendering.chat_templates import ChatTemplate
from spanset.models.rendering.probes import DisagreementError, of_turn, place_of
from spanset.models.rendering.token_survey import survey
from spanset.models.rendering.tried_renderer import make_renderer
from spanset.models.rendering.turn_spans import lay_out

END = "<|im_end|>"
TALK = [user("Sum?"), assistant("Four."), user("Sure?"), assistant("Yes.")]


# Others' words are learnt


def thoughtful(*answers):
    """Every second turn is an answer with its own reasoning."""
    for number, answer in enumerate(answers):
        yield user(f"Is it {number}?")
        yield assistant(answer, reasoning_content=f"Hm, {number}.")


def agent(*answers):
    """Every answer comes after a call with a text beside it."""
    for number, (beside, answer) in enumerate(pairwise(answers)):
        yield user(f"Is it {number}?")
        yield assistant(beside, reasoning_content="Hm.", tool_calls=[call(at=beside)])
        yield result(f"{number}")
        yield assistant(answer, reasoning_content="So.")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *((name, agent) for name in ("gemma4", "glm4moe", "nemotron_3_nano", "qwen3")),
        *((name, thoughtful) for name in ("glm4moe", "nemotron_3_nano")),
    ],
)
def test_an_answer_that_was_given_before_ends_where_any_other_does(name, shape):
    pytest.importorskip("trl", reason="needs the extra 'train'")
    from tests.models.rendering.trl_templates import templates

    template = ChatTemplate(templates()[name], {"eos_token": "<eos>", "bos_token": "<bos>"})
    same, other = (
        lay_out(template, row_of(*shape(*words)))
        for words in (["Yes."] * 4, ["Yes.", "So.i", "Yeah", "Nope"])
    )
    assert same.spans == other.spans


def test_what_a_tool_says_to_a_call_that_was_made_before_is_not_learnt():
    said = assistant("", reasoning_content="Look.", tool_calls=[call(x="1")])
    talk = [user("Go?"), said, result("12"), user("Now?"), said, result("12"), *TALK]
    assert "12" not in "".join(found(FORGETS, talk))


def test_what_a_tool_says_between_the_pieces_of_a_turn_is_not_learnt():
    pytest.importorskip("trl", reason="needs the extra 'train'")
    from tests.models.rendering.trl_templates import renderer_for

    said = assistant("I look.", reasoning_content="Hm.", tool_calls=[call(x="1")])
    row = row_of(user("Go?"), said, result("It rains."), assistant("Rain."), tools=[TOOL])
    for name in ("gemma4", "diffusion_gemma"):
        assert "It rains." not in "".join(learnt(renderer_for(name), row))


# What the assistant says is not learnt, or not all of it


@pytest.mark.parametrize("arguments", [{}, {"a": ""}])
def test_a_call_without_arguments_is_found_though_its_reasoning_is_forgotten(arguments):
    said = assistant("", reasoning_content="Look.", tool_calls=[call(**arguments)])
    talk = [user("Weather?"), said, result("12"), assistant("It is 12."), *TALK]
    assert found(FORGETS, talk)[0].startswith("<call>look")


# Marks


def test_marks_before_a_turn_that_is_not_written_are_not_the_last_turns():
    pieces = (
        "{% for m in messages if m['content'] %}{{ '<|im_start|>' + m['role'] + '\n' }}"
        "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'][:2] }}{% endgeneration %}"
        "{% generation %}{{ m['content'][2:] }}{% endgeneration %}"
        "{% else %}{{ m['content'] }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
    )
    silent = assistant("", reasoning_content="Hm.")
    talk = [*TALK[:2], user("And?"), silent, *TALK[2:]]
    assert found(pieces, talk, supervise="last") == [f"Yes.{END}"]


def test_two_marks_of_the_last_of_two_turns_are_the_last_turns():
    pieces = CHATML_MARKED.replace(
        "{% generation %}{{ m['content'] }}{% endgeneration %}",
        "{% if m['content'] %}{% generation %}{{ m['content'][:2] }}{% endgeneration %}"
        "{% generation %}{{ m['content'][2:] }}{% endgeneration %}{% endif %}",
    )
    talk = [TALK[0], assistant(""), *TALK[2:]]
    assert found(pieces, talk, supervise="last") == [f"Yes.{END}"]


def test_an_answer_may_begin_with_the_words_of_the_header():
    said = "ASSISTANT:\nFour."
    (text,) = found(NO_END, [user("Sum?"), assistant(said)])
    assert text.startswith(said)


def test_a_short_answer_has_its_end_where_the_end_has_the_same_letters():
    ended = THINKING.replace("<|im_start|>", "<start>").replace("<|im_end|>", "<end>")
    talk = [user("Sum?"), assistant("<think>Hm.</think>e"), *TALK[2:]]
    assert found(WHOLE_ONLY + ended, talk)[0].startswith("e<end>")


def test_a_template_may_go_through_the_objects_among_arguments():
    goes_through = FORGETS.replace(
        "(call['function']['arguments'] | tojson)",
        "(call['function']['arguments']['where'].items() | list | tojson)",
    )
    where = call(where={"city": "Oslo"})
    talk = [user("Weather?"), assistant("", reasoning_content="Hm.", tool_calls=[where]), *TALK]
    assert "Oslo" in found(goes_through, talk)[0]


@pytest.mark.parametrize("after", ["Zed", "Jo"])
def test_an_empty_text_has_a_place_before_any_letter(after):
    probes = [of_turn(assistant(""), "", number) for number in range(2)]
    assert place_of(lambda message: f"<{message['content']}{after}", f"<{after}", probes) == (1, 1)


@pytest.mark.parametrize("text", ["Jo", "ab", "Zz"])
def test_a_count_of_characters_is_told_of_short_texts_too(text):
    probes = [of_turn(assistant(text), "", number) for number in range(2)]

    def write(message):
        return f"{len(message['content'])}:{message['content']}"

    with pytest.raises(DisagreementError):
        place_of(write, write(assistant(text)), probes)


def test_a_count_of_words_is_told():
    counts = "m['role'] + (m['content'].split() | length | string) +"
    with pytest.raises(UsageError, match="does not tell the answer"):
        renderer_of(CHATML.replace("m['role'] +", counts))


def test_a_mark_at_the_start_teaches_nothing_of_the_next_turn():
    marked_start = "{% generation %}{{ bos_token }}{% endgeneration %}" + CHATML_MARKED
    assert found(marked_start, TALK) == [f"Four.{END}", f"Yes.{END}"]


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
def test_what_stands_between_two_reasonings_is_not_masked(template):
    said = "<think>Hm.</think>Four.<think>Well.</think>Yes."
    left = "".join(found(template, [user("Sum?"), assistant(said)], mask_reasoning=True))
    assert left == f"<think></think>Four.<think></think>Yes.{END}"


def test_rows_that_are_refused_are_not_read_without():
    refuses = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
    system = {"role": "system", "content": "Be brief."}
    rows = [{"messages": [system, *TALK], "tools": [TOOL]}, {"messages": TALK}]
    notes = []
    renderer = renderer_of(refuses + CHATML)
    survey(read(rows), renderer, on_bad_row="skip", on_note=notes.append)
    assert notes == []


def test_a_template_that_fails_where_trl_tries_it_has_no_training_template():
    pytest.importorskip("trl", reason="needs the extra 'train'")
    fails = "{% set n = 1 // (messages | length - 3) %}" + CHATML
    with pytest.raises(SpansetError):
        make_renderer(make_tokenizer(fails), max_length=64, chat_template="training")
