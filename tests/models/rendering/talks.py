"""Messages and rows of them, templates that write all of a row, and what a model learns of one."""

from __future__ import annotations

from typing import Any

from tests.models.tiny_models import make_tokenizer

from spanset.data.conversation import Conversation
from spanset.data.formats.registry import FORMATS
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.tried_renderer import make_renderer

TOOL = {
    "type": "function",
    "function": {"name": "look", "description": "Look.", "parameters": {"type": "object"}},
}

# All that a row may have: tools, reasoning (in the field that stands for FIELD), calls.
EVERYTHING = (
    "{% if tools %}{{ '<|im_start|>system\n' + (tools | tojson) + '<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['FIELD'] %}{{ '<think>\n' + m['FIELD'] + '\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] }}"
    "{% for call in m['tool_calls'] or [] %}"
    "{{ '<call>' + call['function']['name'] + ' '"
    " + (call['function']['arguments'] | tojson) + '</call>' }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
).replace("FIELD", "reasoning_content")
# The same, with marks around what the assistant writes.
EVERYTHING_MARKED = EVERYTHING.replace(
    "{{ '<|im_start|>' + m['role'] + '\n' }}",
    "{{ '<|im_start|>' + m['role'] + '\n' }}{% if m['role'] == 'assistant' %}{% generation %}",
).replace(
    "{{ '<|im_end|>\n' }}{% endfor %}",
    "{{ '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ m['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}",
)
# Reasoning is kept of what follows on the last question only, as Qwen 3's template does.
FORGETS = (
    "{% set last = namespace(asked=0) %}{% for m in messages %}"
    "{% if m['role'] == 'user' %}{% set last.asked = loop.index0 %}{% endif %}{% endfor %}"
) + EVERYTHING.replace(
    "{% if m['reasoning_content'] %}",
    "{% if m['reasoning_content'] and loop.index0 > last.asked %}",
)
# Refuses what does not end with an answer.
WHOLE_ONLY = "{% if messages[-1]['role'] != 'assistant' %}{{ raise_exception('half') }}{% endif %}"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str | list[Any], **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def call(**arguments: Any) -> dict[str, Any]:
    function = {"name": "look", "arguments": arguments}
    return {"id": "call00001", "type": "function", "function": function}


def result(text: str) -> dict[str, Any]:
    return {"role": "tool", "name": "look", "tool_call_id": "call00001", "content": text}


def row_of(*messages: dict[str, Any], **more: Any) -> Conversation:
    return FORMATS["messages"].convert({"messages": list(messages), **more})


def renderer_of(template: str | None, **options: Any) -> Renderer:
    return make_renderer(make_tokenizer(template), **{"max_length": 1 << 20, **options})


def learnt(renderer: Renderer, conversation: Conversation) -> list[str]:
    """Texts of the runs of supervised tokens."""
    read = renderer.pieces(conversation)
    assert not isinstance(read, RenderError), read
    return [piece.text for piece in read[1] if piece.supervised]


def found(template: str, messages: list[dict[str, Any]], **options: Any) -> list[str]:
    """What a model learns of these messages by this template, run by run."""
    return learnt(renderer_of(template, **options), row_of(*messages))
