"""Conversations, rendered, and what of them is supervised."""

import numpy as np
from tests.models.tiny_models import CHATML_MARKED, make_tokenizer

from spanset.data.conversation import Conversation, Turn
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Rendered
from spanset.models.rendering.tried_renderer import make_renderer

QUESTION = ("user", "What is two plus two?")
TWO = [QUESTION, ("assistant", "Four."), ("user", "Sure?"), ("assistant", "Of course.")]
MARKS_WITH_END = CHATML_MARKED.replace(
    "{% endgeneration %}{{ '<|im_end|>\n' }}", "{{ '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
)


def talk(*turns):
    return Conversation(tuple(Turn(*turn) for turn in turns))


def renderer_of(template, *, max_length=512, supervise="all", **options):
    return make_renderer(
        make_tokenizer(template, **options), max_length=max_length, supervise=supervise
    )


def supervised(renderer, *turns):
    """Texts of the runs of supervised tokens, decoded from the ids alone."""
    (row,) = renderer.render([talk(*turns)])
    assert isinstance(row, Rendered), row
    assert row.ids.dtype == np.int32
    assert row.supervised.dtype == bool
    assert row.ids.shape == row.supervised.shape
    edges = np.flatnonzero(np.diff(np.r_[False, row.supervised, False].astype(int)))
    runs = edges.reshape(-1, 2)
    return [renderer.tokenizer.decode(row.ids[start:stop].tolist()) for start, stop in runs]


def refusal(renderer, *turns):
    (row,) = renderer.render([talk(*turns)])
    assert isinstance(row, RenderError), row
    assert "\n" not in str(row)
    return str(row)
