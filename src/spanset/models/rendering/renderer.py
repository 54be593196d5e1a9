"""A conversation as a model reads it: token ids, and which of them it is trained to predict.

The text is the model's own chat template's, tokenised once. Supervised are the assistant's turns
(how they are found: `chat_templates`). A token that holds a character of theirs is supervised, and
so is the end-of-turn token, even where the template's marks leave it out: a model has to learn when
to stop. The generation prompt and the line break after a turn are not. Special tokens spelt out in
a row's text become special tokens, as in training with the same tokenizer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.data.conversation import Conversation, Turn
from spanset.models.rendering import token_spans
from spanset.models.rendering.chat_templates import (
    PLAIN_TEMPLATE,
    ChatTemplate,
    Layout,
    RenderError,
    has_marks,
    reason,
    template_writer,
    to_messages,
    with_fixed_date,
)
from spanset.models.rendering.token_spans import Piece, Span

__all__ = ["PLAIN_TEMPLATE", "Piece", "RenderError", "Rendered", "Renderer", "make_renderer"]

SUPERVISE = ("all", "last")
BATCH = 1_000  # rows a call of the tokenizer

# What every model is tried on; words that no template holds.
QUESTION, ANSWER = "Which quokka juggles?", "Seven marmalade zeppelins."


@dataclass(frozen=True)
class Rendered:
    """The tokens of one row.

    Attributes
    ----------
    ids : (T,) int32
        Token ids, the first `max_length` of the row.
    supervised : (T,) bool
        Tokens whose prediction is trained on. Never the first: nothing comes before it to predict
        it from. None at all where the cut left none, or where the assistant says nothing.
    truncated : bool
        Whether the row was cut at `max_length`.
    """

    ids: npt.NDArray[np.int32]
    supervised: npt.NDArray[np.bool_]
    truncated: bool


class _Row(NamedTuple):
    """All tokens of a row, before the cut; arrays of length T."""

    text: str
    ids: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]  # where in the text each token ends
    supervised: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Renderer:
    """Renders conversations for one model; made by `make_renderer`.

    Attributes
    ----------
    tokenizer : transformers.PreTrainedTokenizerFast
        Gives the special tokens, ids and offsets.
    template : str
        Jinja source of the chat template in use.
    supervise : {"all", "last"}
        Which of the assistant's turns are supervised.
    max_length : int
        Tokens of a row that are kept, from its start.
    method : {"marks", "prefixes"}
        How the assistant's turns are found; see `chat_templates`.
    """

    tokenizer: Any
    template: str
    supervise: str
    max_length: int
    method: str

    def render(self, conversations: Sequence[Conversation]) -> list[Rendered | RenderError]:
        """Tokens of every conversation, or why there are none; one result per conversation.

        Not for several threads at once: transformers keeps a template's marks in one place.
        """
        return [
            row if isinstance(row, RenderError) else self._cut(row)
            for row in self._rows(conversations)
        ]

    def pieces(self, conversation: Conversation) -> tuple[Rendered, list[Piece]] | RenderError:
        """Tokens of a conversation with the text they stand for, for people to look at."""
        (row,) = self._rows([conversation])
        if isinstance(row, RenderError):
            return row
        rendered = self._cut(row)
        return rendered, token_spans.pieces(row.text, row.ends, rendered.supervised)

    def _cut(self, row: _Row) -> Rendered:
        if len(row.ids) <= self.max_length:
            return Rendered(row.ids, row.supervised, truncated=False)
        kept = slice(self.max_length)
        # Copies: a view would keep all of a long row in memory.
        return Rendered(row.ids[kept].copy(), row.supervised[kept].copy(), truncated=True)

    def _rows(self, conversations: Sequence[Conversation]) -> Iterator[_Row | RenderError]:
        for start in range(0, len(conversations), BATCH):
            layouts = [self.chat.lay_out(one) for one in conversations[start : start + BATCH]]
            tokens = self._tokenise([one.text for one in layouts if isinstance(one, Layout)])
            for layout in layouts:
                if isinstance(layout, RenderError):
                    yield layout
                else:
                    yield self._supervise(layout, *next(tokens))

    def _tokenise(self, texts: list[str]) -> Iterator[tuple[list[int], list[Span]]]:
        """Ids and offsets of every text; the template brings its own special tokens."""
        if not texts:
            return iter(())
        encoded = self.tokenizer(
            texts,
            add_special_tokens=False,
            return_offsets_mapping=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,  # no warning of rows that are longer than the model's context
        )
        return iter(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))

    def _supervise(self, layout: Layout, ids: list[int], offsets: list[Span]) -> _Row | RenderError:
        """All tokens of the row, those of the layout's spans supervised."""
        numbers = np.array(ids, dtype=np.int32)
        tokens = token_spans.locate(layout.text, offsets, np.isin(numbers, self._special_ids))
        supervised = np.zeros(len(ids), dtype=bool)
        closing = []
        for span in layout.spans:
            part = token_spans.inside(tokens, span)
            if self.method == "prefixes":
                part = token_spans.cut_after_end_of_turn(tokens, part)
            elif (after := token_spans.end_of_turn_after(tokens, span, part)) is not None:
                closing.append(after)
            supervised |= part
        supervised[:1] = False
        if layout.answered and not supervised.any():
            return RenderError("the chat template leaves no token of the answer to learn from")
        supervised[closing] = True
        supervised[:1] = False
        return _Row(layout.text, numbers, tokens.ends, supervised)

    @cached_property
    def chat(self) -> ChatTemplate:
        """The template with the tokenizer's special tokens."""
        special_tokens = dict(self.tokenizer.special_tokens_map)
        return ChatTemplate(self.template, special_tokens, self.supervise, self.method)

    @cached_property
    def _special_ids(self) -> npt.NDArray[np.int32]:
        """Special tokens that can end a turn: not those that start a row or stand for any text."""
        tokenizer = self.tokenizer
        added = tokenizer.added_tokens_decoder.items()
        ids = {*tokenizer.all_special_ids, *(number for number, one in added if one.special)}
        ids -= {tokenizer.bos_token_id, tokenizer.unk_token_id} - {tokenizer.eos_token_id}
        return np.array(sorted(ids), dtype=np.int32)


def make_renderer(
    tokenizer: Any,
    *,
    max_length: int,
    supervise: str = "all",
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
    chat_template : str, optional
        Jinja source of the template to use instead of the tokenizer's.
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
    if template is None:
        # One of several named templates, where there are several.
        has_template = tokenizer.chat_template is not None
        template = tokenizer.get_chat_template() if has_template else PLAIN_TEMPLATE
    method = "marks" if has_marks(template) else "prefixes"
    renderer = Renderer(tokenizer, with_fixed_date(template), supervise, max_length, method)
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
        text, _ = renderer.chat.write(to_messages(conversation))
    except syntax_error as error:
        why = f"line {error.lineno}: {error.message}"
        raise refuse("the chat template is not valid Jinja", why) from error
    except Exception as error:
        what = "the chat template fails on a question and its answer"
        raise refuse(what, reason(error)) from error
    if ANSWER not in text:
        raise refuse("the chat template drops the answer")
    uncut = replace(renderer, max_length=sys.maxsize).pieces(conversation)
    if isinstance(uncut, RenderError) and renderer.method == "prefixes":
        raise refuse("the chat template does not tell the answer from the rest", str(uncut))
    marks = "put {% generation %} and {% endgeneration %} around what the assistant writes"
    if isinstance(uncut, RenderError):
        raise refuse("the chat template marks no assistant tokens", fix=marks)
    if ANSWER not in "".join(piece.text for piece in uncut[1] if piece.supervised):
        raise refuse(
            "the tokens that the chat template marks are not those of the answer", fix=marks
        )
