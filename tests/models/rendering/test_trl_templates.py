"""Today's chat templates, and the ones that TRL trains them with: equal answers where texts are."""

import pytest

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")
pytest.importorskip("trl", reason="needs the extra 'train'")

from tests.models.rendering.shapes import ROWS
from tests.models.rendering.trl_templates import (
    difference,
    renderer_for,
    shipped,
    templates,
    twins,
)

from spanset.data.formats.registry import FORMATS
from spanset.models.rendering.chat_templates import RenderError

REFUSED = 136  # rows of trl 1.16's 72 templates that raise an error of their own
# DeepSeek's distilled models: tool calls are dropped, and with them all that the turn says. What is
# left is the end of a turn that says nothing.
DROPPED = "<\uff5cend\u2581of\u2581sentence\uff5c>"
# What ends a turn with a call for the models of Gemma 4; DiffusionGemma's training template leaves
# it out of the loss.
STOP = "<|tool_response>"
KNOWN = {"deepseek_r1_distill": {DROPPED}, "diffusion_gemma": {STOP}}


def test_every_row_that_a_template_takes_is_rendered():
    errors = [
        str(error)
        for renderer in map(renderer_for, templates())
        for error in renderer.render([FORMATS["messages"].convert(row) for row in ROWS.values()])
        if isinstance(error, RenderError)
    ]
    assert all("the chat template refuses the row" in error for error in errors)
    if len(templates()) == 72:  # trl 1.16
        assert (len(ROWS), len(errors)) == (22, REFUSED)


@pytest.mark.parametrize("name", twins())
def test_supervised_characters_are_those_of_the_training_template(name):
    renderer, trained = renderer_for(name), renderer_for(f"{name}_training")
    found = [
        difference(renderer, trained, FORMATS["messages"].convert(row)) for row in ROWS.values()
    ]
    compared = [other for other in found if other is not None]
    assert compared
    assert set().union(*compared) == KNOWN.get(name, set())


@pytest.mark.parametrize("name", shipped())
def test_what_the_assistant_says_is_supervised_and_nothing_that_others_say(name):
    renderer = renderer_for(name)
    for shape, row in ROWS.items():
        tokens = renderer.tokens(FORMATS["messages"].convert(row))
        if isinstance(tokens, RenderError):
            continue
        text = "".join(token.text for token in tokens)
        learnt = "".join(token.text if token.supervised else "\n" for token in tokens)
        answers, others = set(), set()
        for message in row["messages"]:
            is_answer = message["role"] == "assistant"
            (answers if is_answer else others).add(message["content"].split("</think>")[-1].strip())
        own = {answer for answer in answers if answer and answer in text}
        assert own or shape == "call last", shape
        assert all(answer in learnt for answer in own), shape
        apart = {said for said in others if not any(said in answer for answer in answers)}
        assert not any(said in learnt for said in apart), shape
