"""The chat template of a model: what it takes, and what it writes.

Templates differ in what they take. Content is a text for most, a list of parts for those of models
that see pictures, either for some; the arguments of a tool call are an object for most, JSON text
for DeepSeek's. Both are found by trying, so that a row is given as its template takes it.

Nothing in a row is evaluated as Jinja: rows are variables of the template.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from spanset.base.errors import MissingExtraError, printable
from spanset.base.extras import require
from spanset.data.conversation import REASONING, Conversation
from spanset.models.rendering.probes import shared_start
from spanset.models.rendering.template_messages import (
    Form,
    Message,
    as_taken,
    from_turns,
    without_surrogates,
)
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

# Variables that are not a row's to set.
RESERVED = frozenset(
    (
        *("messages", "conversations", "tools", "documents", "chat_template"),
        *("add_generation_prompt", "continue_final_message", "return_assistant_tokens_mask"),
    )
)

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")  # as transformers looks for it

# What every template is tried on; words that none holds.
QUESTION, ANSWER = "Which quokka juggles?", "Seven marmalade zeppelins."
TOOL, ARGUMENT = "juggle_quokkas", "marmalade"


class RenderError(ValueError):
    """One row that cannot be rendered; the message is the reason, on one line."""


@dataclass(frozen=True)
class Chat:
    """What a template is given of one row.

    Attributes
    ----------
    messages : list of Message
        In the form that the template takes.
    tools : list of mapping or None
        Definitions of tools.
    settings : dict
        Further variables of the template.
    """

    messages: list[Message]
    tools: list[Any] | None
    settings: dict[str, Any]


@dataclass(frozen=True, eq=False)
class ChatTemplate:
    """A chat template with the special tokens it may write.

    Attributes
    ----------
    source : str
        Jinja source.
    special_tokens : dict
        Variables such as ``eos_token``.
    """

    source: str
    special_tokens: dict[str, Any]

    @cached_property
    def has_marks(self) -> bool:
        """Whether the template says itself what the assistant writes."""
        return has_marks(self.source)

    @cached_property
    def form(self) -> Form:
        """How content is taken; text where neither way of giving it is."""
        asked = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
        text = self._tried(asked)
        parts = self._tried(as_taken(asked, Form(text=False, parts=True)))
        is_text = text is not None and ANSWER in text
        is_parts = parts is not None and ANSWER in parts
        # A template of texts may write a list as Python would, brackets and all.
        return Form(is_text or not is_parts, is_parts and (parts == text or not is_text))

    @cached_property
    def generation_prompt(self) -> str | None:
        """What is written after a question for the model to go on from; None if it is refused."""
        return self._after_question[0] if self._after_question else None

    @cached_property
    def header(self) -> str:
        """What every answer begins with of the generation prompt, which may open a thinking block.

        Some templates close it, or leave it out of all answers but the last.
        """
        prompt, *answers = self._after_question or ("",)
        return prompt[: min((shared_start(prompt, answer) for answer in answers), default=0)]

    @cached_property
    def closing(self) -> str:
        """What stands behind an answer, wherever it is in a conversation; nothing if that differs.

        That is mostly the end-of-turn token, and a line break.
        """
        _, *answers = self._after_question or ("",)
        if len(answers) < 2:
            return ""
        last, inner = (answer.partition(ANSWER)[2] for answer in answers)
        eos = self.special_tokens.get("eos_token") or ""
        endings = (last, last.removesuffix(eos))
        return next((end for end in endings if end.strip() and inner.startswith(end)), "")

    @cached_property
    def _after_question(self) -> list[str]:
        """The generation prompt; an answer; an answer with a question after it, if that is taken.

        Where a question alone is refused, the prompt is that after an answer.
        """
        asked = as_taken([{"role": "user", "content": QUESTION}], self.form)
        told = [*asked, *as_taken([{"role": "assistant", "content": ANSWER}], self.form)]
        whole = self._tried(told)
        if whole is None:
            return []
        bare, prompted = self._tried(asked), self._tried(asked, prompt=True)
        if bare is None or prompted is None:
            prompt = (self._tried(told, prompt=True) or "").removeprefix(whole)
            place = whole.find(prompt) if prompt else -1
            return [] if place < 0 else [prompt, whole[place:]]
        longer = [prompted, whole, *filter(None, [self._tried([*told, *asked])])]
        bare = bare.removesuffix(self.special_tokens.get("eos_token") or "")  # Phi-3's has it
        start = min(shared_start(bare, text) for text in longer)
        return [text[start:] for text in longer]

    @cached_property
    def takes_objects(self) -> bool:
        """Whether the arguments of a tool call are taken as objects, and not as JSON text only."""
        return self._called(as_text=False) is not None or self._called(as_text=True) is None

    @cached_property
    def writes_calls(self) -> bool:
        """Whether tool calls have a place in what is written."""
        text = self._called(as_text=not self.takes_objects)
        return text is None or TOOL in text

    @cached_property
    def writes_tools(self) -> bool:
        """Whether definitions of tools have a place in what is written."""
        definition = {
            "type": "function",
            "function": {"name": TOOL, "description": ANSWER, "parameters": {"type": "object"}},
        }
        asked = as_taken([{"role": "user", "content": QUESTION}], self.form)
        text = self._tried(asked, tools=[definition])
        return text is None or TOOL in text

    @cached_property
    def reasoning_fields(self) -> frozenset[str]:
        """Names under which reasoning has a place in what is written."""
        asked = as_taken([{"role": "user", "content": QUESTION}], self.form)
        answer = as_taken([{"role": "assistant", "content": "ready"}], self.form)[0]
        texts = {field: self._tried([*asked, {**answer, field: ANSWER}]) for field in REASONING}
        return frozenset(field for field, text in texts.items() if text is None or ANSWER in text)

    def chat(self, conversation: Conversation) -> Chat:
        """The conversation as this template takes it.

        Raises
        ------
        RenderError
            The row's tools are no definitions, or it sets what is not its to set.
        """
        if conversation.mistake:
            raise RenderError(conversation.mistake)
        settings = without_surrogates(dict(conversation.settings))
        if reserved := sorted(RESERVED & settings.keys()):
            raise RenderError(f"chat_template_kwargs of the row name {', '.join(reserved)}")
        messages = from_turns(conversation.turns)
        is_called = any("tool_calls" in message for message in messages)
        taken = as_taken(messages, self.form, is_called and not self.takes_objects)
        return Chat(taken, without_surrogates(list(conversation.tools)) or None, settings)

    def write(self, chat: Chat, *, prompt: bool = False) -> tuple[str, list[Span]]:
        """Text of the messages, and the spans that the template marks."""
        texts, spans = template_writer()(
            conversations=[chat.messages],
            tools=chat.tools,
            chat_template=self.source,
            return_assistant_tokens_mask=self.has_marks,
            add_generation_prompt=prompt,
            **{**self.special_tokens, **chat.settings},
        )
        return texts[0], spans[0] if spans else []

    def _called(self, *, as_text: bool) -> str | None:
        """A tool call with arguments in this form as the template writes it; None if it fails."""
        call = {"type": "function", "function": {"name": TOOL, "arguments": {"what": ARGUMENT}}}
        asked: list[Message] = [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "juggle001", **call}]},
        ]
        return self._tried(as_taken(asked, self.form, as_text))

    def _tried(
        self, messages: list[Message], tools: list[Any] | None = None, *, prompt: bool = False
    ) -> str | None:
        """What the template writes of these messages; None where it fails in any way."""
        try:
            return self.write(Chat(messages, tools, {}), prompt=prompt)[0]
        except Exception:
            return None


def has_marks(template: str) -> bool:
    """Whether a template says itself what the assistant writes."""
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


def reason(error: Exception) -> str:
    """What a template says, on one line; the kind of error too where it is not the template's."""
    message = printable(" ".join(str(error).split()))
    own = isinstance(error, require("jinja2", extra="models").TemplateError)
    return message if own and message else f"{type(error).__name__}: {message}"
