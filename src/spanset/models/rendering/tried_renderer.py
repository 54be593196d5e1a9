"""A renderer for a tokenizer and its chat template, tried before any row."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.data.conversation import Conversation, Turn
from spanset.models.rendering.chat_templates import (
    ANSWER,
    PLAIN_TEMPLATE,
    QUESTION,
    RenderError,
    reason,
    template_writer,
    with_fixed_date,
)
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.training_templates import TRAINING, training_template

SUPERVISE = ("all", "last")


def make_renderer(
    tokenizer: Any,
    *,
    max_length: int,
    supervise: str = "all",
    mask_reasoning: bool = False,
    chat_template: str | None = None,
    name: str = "model",
) -> Renderer:
    """Renderer for a tokenizer, tried on one question and its answer.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerFast
        A fast tokenizer; its chat template is used, `PLAIN_TEMPLATE` where it has none.
    max_length : int
        Tokens of a row to keep.
    supervise : {"all", "last"}
        All of the assistant's turns, or only the last.
    mask_reasoning : bool
        Whether to leave reasoning out of what is supervised.
    chat_template : str, optional
        Jinja source of the template to use instead of the tokenizer's; or ``training`` for the
        one that TRL trains the model's family with.
    name : str
        The model's name, for messages.

    Raises
    ------
    UsageError
        An argument that cannot be used; a template that is not valid Jinja, drops the answer, or
        does not tell which tokens are the answer's.
    """
    if supervise not in SUPERVISE:
        raise UsageError(
            f"{supervise!r} is not among {', '.join(SUPERVISE)}",
            where="--supervise",
            fix="all for every turn of the assistant, last for the last of each row",
        )
    if max_length < 2:
        raise UsageError(
            f"{max_length} tokens hold nothing to learn from",
            where="--max-length",
            fix="give at least 2: the first token of a row is predicted from nothing",
        )
    if not tokenizer.is_fast:
        raise UsageError(
            "the tokenizer does not say where in the text its tokens are",
            where=name,
            why="it is not a fast tokenizer",
            fix="use a model whose files include tokenizer.json",
        )
    template = chat_template
    if template is None or template == TRAINING:
        # One of several named templates, where there are several.
        has_template = tokenizer.chat_template is not None
        own = tokenizer.get_chat_template() if has_template else PLAIN_TEMPLATE
        is_training = template == TRAINING
        template = training_template(tokenizer, own, name) if is_training else own
    renderer = Renderer(tokenizer, with_fixed_date(template), supervise, max_length, mask_reasoning)
    _try(renderer, name if chat_template is None else "--chat-template")
    return renderer


def _try(renderer: Renderer, where: str) -> None:
    """Refuse a template that one question and its answer do not pass through."""

    def refuse(what: str, why: str = "", fix: str = "") -> UsageError:
        return UsageError(
            what, where=where, why=why, fix=fix or "give another: --chat-template FILE"
        )

    template_writer()  # what is not installed is not the template's fault
    syntax_error = require("jinja2", extra="models").TemplateSyntaxError
    conversation = Conversation((Turn("user", QUESTION), Turn("assistant", ANSWER)))
    try:
        text, _ = renderer.chat.write(renderer.chat.chat(conversation))
    except syntax_error as error:
        why = f"line {error.lineno}: {error.message}"
        raise refuse("the chat template is not valid Jinja", why) from error
    except Exception as error:
        what = "the chat template fails on a question and its answer"
        raise refuse(what, reason(error)) from error
    if ANSWER not in text:
        raise refuse("the chat template drops the answer")
    uncut = replace(renderer, max_length=sys.maxsize).pieces(conversation)
    if isinstance(uncut, RenderError) and not renderer.chat.has_marks:
        raise refuse("the chat template does not tell the answer from the rest", str(uncut))
    marks = "put {% generation %} and {% endgeneration %} around what the assistant writes"
    if isinstance(uncut, RenderError):
        raise refuse("the chat template marks no assistant tokens", fix=marks)
    if ANSWER not in "".join(piece.text for piece in uncut[1] if piece.supervised):
        raise refuse(
            "the tokens that the chat template marks are not those of the answer", fix=marks
        )
