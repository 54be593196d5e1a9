"""From a conversation to its text, and the characters of it that the assistant writes.

The text is a chat template's. Where the assistant's turns lie in it is found in one of two ways:

marks
    The template has ``{% generation %}`` marks: the characters between them.
prefixes
    It has none. The text of the turns before an assistant's turn, with the generation prompt, ends
    where the turn starts; the text up to and including the turn ends where it ends (before an
    end-of-sequence token that closes the text and not the turn). Both have to be prefixes of the
    whole text, or the row is refused: a template that writes an earlier turn
    differently once later turns follow cannot be taken apart. A template that ignores the
    generation prompt leaves the header of the turn to the model, so that it is supervised too.

Nothing in a row is evaluated as Jinja: rows are variables of the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from spanset.base.errors import MissingExtraError, printable
from spanset.base.extras import require
from spanset.data.conversation import Conversation
from spanset.models.rendering.token_spans import Span

# For a tokenizer that has no chat template. Where it has no end-of-sequence token nothing says that
# an answer is over, and only the answer's own text is supervised.
PLAIN_TEMPLATE = (
    "{% if bos_token %}{{ bos_token }}{% endif %}"
    "{% for message in messages %}"
    "{% if not loop.first %}{{ '\\n\\n' }}{% endif %}"
    "{{ '### ' + message['role'].capitalize() + ':\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}{% if eos_token %}{{ eos_token }}{% endif %}"
    "{% endgeneration %}"
    "{% else %}{{ message['content'] }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '\\n\\n### Assistant:\\n' }}{% endif %}"
)

# Put before a template that asks for today's date, on which a row's features must not depend: the
# date that Llama 3.1's template falls back to. A macro, for no variable of a template is callable.
FIXED_DATE = (
    "{%- macro strftime_now(form) -%}{{ form"
    "|replace('%d','26')|replace('%-d','26')|replace('%b','Jul')|replace('%B','July')"
    "|replace('%m','07')|replace('%Y','2024')|replace('%y','24')|replace('%A','Friday')"
    "|replace('%a','Fri')|replace('%H','00')|replace('%M','00')|replace('%S','00')"
    " }}{%- endmacro -%}"
)

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")  # as transformers looks for it

Messages = list[dict[str, str]]


class RenderError(ValueError):
    """One row that cannot be rendered; the message is the reason, on one line."""


class Layout(NamedTuple):
    """The text of a row, and the characters of the assistant's turns in it."""

    text: str
    spans: list[Span]
    answered: bool  # whether one of those turns says anything


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template with the special tokens it may write.

    Attributes
    ----------
    source : str
        Jinja source.
    special_tokens : dict
        Variables such as ``eos_token``.
    supervise : {"all", "last"}
        Which of the assistant's turns to find.
    method : {"marks", "prefixes"}
        How; see the module.
    """

    source: str
    special_tokens: dict[str, Any]
    supervise: str
    method: str

    def lay_out(self, conversation: Conversation) -> Layout | RenderError:
        """Text and spans of a conversation, or why there are none."""
        turns = conversation.turns
        spoken = [number for number, turn in enumerate(turns) if turn.role == "assistant"]
        wanted = spoken[-1:] if self.supervise == "last" else spoken
        messages = to_messages(conversation)
        try:
            if self.method == "marks":
                text, spans = self._marked(messages, len(spoken), wanted)
            else:
                text, spans = self._between_prefixes(messages, wanted)
        except RenderError as error:
            return error
        # A template is somebody's program: it may refuse a row, or fail on it in any way.
        except Exception as error:
            return RenderError(f"the chat template refuses the row: {reason(error)}")
        return Layout(text, spans, any(turns[number].text.strip() for number in wanted))

    def write(self, messages: Messages, *, prompt: bool = False) -> tuple[str, list[Span]]:
        """Text of the messages, and the spans that the template marks."""
        texts, spans = template_writer()(
            conversations=[messages],
            chat_template=self.source,
            return_assistant_tokens_mask=self.method == "marks",
            add_generation_prompt=prompt,
            **self.special_tokens,
        )
        return texts[0], spans[0] if spans else []

    def _marked(self, messages: Messages, spoken: int, wanted: list[int]) -> tuple[str, list[Span]]:
        """Text, and the spans that the template marks in the `wanted` turns."""
        text, spans = self.write(messages)
        if len(wanted) == spoken:
            return text, spans
        if len(spans) == spoken:  # a mark a turn; the template may refuse half a conversation
            return text, spans[-1:]
        _, before = self.write(messages[: wanted[0]])
        return text, spans[len(before) :]

    def _between_prefixes(self, messages: Messages, wanted: list[int]) -> tuple[str, list[Span]]:
        """Text, and the spans between the text before and after each of the `wanted` turns."""
        text, _ = self.write(messages)
        spans = []
        for number in wanted:
            before, _ = self.write(messages[:number], prompt=True)
            is_end = number + 1 == len(messages)
            after = text if is_end else self.write(messages[: number + 1])[0]
            if not text.startswith(after):  # Phi-3's ends every text with it, and no turn
                after = after.removesuffix(self.special_tokens.get("eos_token") or "")
            if not after.startswith(before):
                raise _inseparable(
                    number, wanted, "does not begin", "as its generation prompt does"
                )
            if not text.startswith(after):
                raise _inseparable(number, wanted, "writes", "differently once more turns follow")
            spans.append((len(before), len(after)))
        return text, spans


def has_marks(template: str) -> bool:
    """Whether the template says itself what the assistant writes."""
    return _MARK.search(template) is not None


def with_fixed_date(template: str) -> str:
    """The template, with `FIXED_DATE` where it asks for today's."""
    return FIXED_DATE + template if "strftime_now" in template else template


@lru_cache(maxsize=1)
def template_writer() -> Callable[..., tuple[list[str], list[list[Span]]]]:
    """Function of transformers from messages to text and the characters of every mark in it.

    It is what `apply_chat_template` calls: the template runs in transformers' own sandbox.

    Raises
    ------
    MissingExtraError
        The packages transformers or Jinja are not installed, or transformers is too old.
    """
    require("jinja2", extra="models")
    utilities = require("transformers.utils.chat_template_utils", extra="models")
    writer: Any = getattr(utilities, "render_jinja_template", None)
    if writer is None:
        raise MissingExtraError(
            "the installed transformers is too old to write chat templates with marks",
            fix="pip install 'transformers>=4.52'",
        )
    return writer


def to_messages(conversation: Conversation) -> Messages:
    """Turns as templates read them; lone surrogates become the replacement character."""
    return [
        {"role": turn.role, "content": turn.text.encode("utf-8", "replace").decode()}
        for turn in conversation.turns
    ]


def reason(error: Exception) -> str:
    """What a template says, on one line; the kind of error too where it is not the template's."""
    message = printable(" ".join(str(error).split()))
    own = isinstance(error, require("jinja2", extra="models").TemplateError)
    return message if own and message else f"{type(error).__name__}: {message}"


def _inseparable(number: int, wanted: list[int], does: str, how: str) -> RenderError:
    marked = "--chat-template FILE with {% generation %} marks"
    remedy = marked if number == wanted[-1] else f"--supervise last, or {marked}"
    return RenderError(
        f"the chat template {does} turn {number + 1}, the assistant's, {how}, so its tokens cannot "
        f"be told from the others: use {remedy}"
    )
