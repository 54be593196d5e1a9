"""A conversation as a model reads it: token ids, and which of them it is trained to predict.

The text is the model's own chat template's, tokenised once. Supervised are the assistant's turns
(how they are found: `turn_spans`). A token that holds a character of theirs is supervised, and
so is the end-of-turn token, even where the template's marks leave it out: a model has to learn when
to stop. The generation prompt and the line break after a turn are not. Special tokens spelt out in
a row's text become special tokens, as in training with the same tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spanset.data.conversation import Conversation, Turn
from spanset.models.rendering import token_spans
from spanset.models.rendering.chat_templates import ANSWER, QUESTION, ChatTemplate, RenderError
from spanset.models.rendering.token_spans import Piece, Span
from spanset.models.rendering.turn_spans import Layout, lay_out

BATCH = 1_000  # rows a call of the tokenizer


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


class Token(NamedTuple):
    """One token; a character that is split over tokens belongs to the first of them."""

    id: int
    text: str
    supervised: bool


class _Row(NamedTuple):
    """All tokens of a row, before the cut; arrays of length T."""

    text: str
    ids: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]  # where in the text each token ends
    supervised: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Renderer:
    """Renders conversations for one model; made and tried by `make_renderer`.

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
    mask_reasoning : bool
        Whether reasoning is left out of what is supervised.
    """

    tokenizer: Any
    template: str
    supervise: str
    max_length: int
    mask_reasoning: bool = False

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

    def tokens(self, conversation: Conversation) -> list[Token] | RenderError:
        """Tokens of a conversation one by one, for programs to look at."""
        (row,) = self._rows([conversation])
        if isinstance(row, RenderError):
            return row
        rendered = self._cut(row)
        starts = [0, *row.ends.tolist()]
        texts = [row.text[start:end] for start, end in pairwise(starts)]
        kept = zip(rendered.ids.tolist(), texts, rendered.supervised.tolist(), strict=False)
        return [Token(*one) for one in kept]

    def _cut(self, row: _Row) -> Rendered:
        if len(row.ids) <= self.max_length:
            return Rendered(row.ids, row.supervised, truncated=False)
        kept = slice(self.max_length)
        # Copies: a view would keep all of a long row in memory.
        return Rendered(row.ids[kept].copy(), row.supervised[kept].copy(), truncated=True)

    def _rows(self, conversations: Sequence[Conversation]) -> Iterator[_Row | RenderError]:
        for start in range(0, len(conversations), BATCH):
            layouts = [self._lay_out(one) for one in conversations[start : start + BATCH]]
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
        tokens = self._located(layout.text, numbers, offsets)
        supervised = np.zeros(len(ids), dtype=bool)
        closing = []
        for span in layout.spans:
            part = token_spans.inside(tokens, span)
            if not self.chat.has_marks:  # marks of the template's own are obeyed
                part = token_spans.cut_after_end_of_turn(tokens, part)
            after = token_spans.end_of_turn_after(tokens, span, part)
            if after is not None and self._ends_turn(tokens, after):
                closing.append(after)
            supervised |= part
        for span in layout.masked:
            supervised &= ~token_spans.inside(tokens, span)
        supervised[:1] = False
        if layout.answered and not supervised.any():
            return RenderError("the chat template leaves no token of the answer to learn from")
        supervised[closing] = True
        supervised[:1] = False
        return _Row(layout.text, numbers, tokens.ends, supervised)

    def _ends_turn(self, tokens: token_spans.Tokens, place: int) -> bool:
        """Whether the special token at this place ends the turn before it, which ends with none.

        It does not where marks hold the end, or where the assistant's next turn begins with it.
        """
        header = self.chat.header.strip()
        is_header = header and tokens.text.startswith(header, int(tokens.starts[place]))
        return not self._marks_hold_end and not is_header

    def _located(
        self, text: str, ids: npt.NDArray[np.int32], offsets: list[Span]
    ) -> token_spans.Tokens:
        return token_spans.locate(text, offsets, np.isin(ids, self._special_ids))

    @cached_property
    def _marks_hold_end(self) -> bool:
        """Whether the template's marks hold the end of a turn, as a plain turn shows.

        What follows on a marked turn that ends otherwise, a tool's answer say, is then not an end.
        """
        turns = (Turn("user", QUESTION), Turn("assistant", ANSWER))
        layouts = (self._lay_out(Conversation(some)) for some in ((*turns, turns[0]), turns))
        layout = next((one for one in layouts if isinstance(one, Layout)), None)
        if not self.chat.has_marks or layout is None or not layout.spans:
            return False
        ids, offsets = next(self._tokenise([layout.text]))
        tokens = self._located(layout.text, np.array(ids, dtype=np.int32), offsets)
        span = layout.spans[-1]
        part = token_spans.inside(tokens, span)
        return token_spans.end_of_turn_after(tokens, span, part) is None

    def _lay_out(self, conversation: Conversation) -> Layout | RenderError:
        return lay_out(
            self.chat,
            conversation,
            supervise=self.supervise,
            mask_reasoning=self.mask_reasoning,
        )

    @cached_property
    def chat(self) -> ChatTemplate:
        """The template with the tokenizer's special tokens."""
        return ChatTemplate(self.template, dict(self.tokenizer.special_tokens_map))

    @cached_property
    def _special_ids(self) -> npt.NDArray[np.int32]:
        """Special tokens that can end a turn: not those that start a row or stand for any text."""
        tokenizer = self.tokenizer
        added = tokenizer.added_tokens_decoder.items()
        ids = {*tokenizer.all_special_ids, *(number for number, one in added if one.special)}
        ids -= {tokenizer.bos_token_id, tokenizer.unk_token_id} - {tokenizer.eos_token_id}
        return np.array(sorted(ids), dtype=np.int32)
