"""The chat templates that the package trl ships, with tokenizers that hold their special tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from spanset.data.conversation import Conversation
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Renderer
from spanset.models.rendering.tried_renderer import make_renderer

_TAG = re.compile(r"<[^<>\s'\"{}()+=]{1,40}>|\[[A-Z_/]{2,20}\]")


@lru_cache(maxsize=1)
def templates() -> dict[str, str]:
    """Source of every template by name; those trained with end in ``_training``."""
    spec = find_spec("trl")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "chat_templates"
    paths = sorted(folder.glob("*.jinja"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def shipped() -> list[str]:
    """Names of the templates of the models themselves."""
    return [name for name in templates() if not name.endswith("_training")]


def twins() -> list[str]:
    """Names of those that have a training template."""
    return [name for name in shipped() if f"{name}_training" in templates()]


def tokenizer_for(*sources: str) -> Any:
    """A byte a token, and one for every tag in the templates: no token straddles a mark."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(
        models.BPE({letter: number for number, letter in enumerate(alphabet)}, [])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    own = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}
    tags = sorted({tag for source in sources for tag in _TAG.findall(source)} | set(own.values()))
    tokenizer.add_special_tokens([AddedToken(tag, special=True, normalized=False) for tag in tags])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **own)


def renderer_for(name: str) -> Renderer:
    """Renderer with a shipped template, or its training twin; equal tokenizers for both."""
    family = name.removesuffix("_training")
    sources = [templates()[one] for one in (family, f"{family}_training") if one in templates()]
    tokenizer = tokenizer_for(*sources)
    return make_renderer(tokenizer, max_length=1 << 20, chat_template=templates()[name])


def difference(
    renderer: Renderer, trained: Renderer, conversation: Conversation
) -> set[str] | None:
    """What is supervised by one of the two only, where both write the same text; else None.

    White space does not count, nor what the model is given to go on from: some training templates
    mark the generation prompt, too.
    """
    ours, theirs = _characters(renderer, conversation), _characters(trained, conversation)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    more = [one and not other for one, other in zip(ours[1], theirs[1], strict=True)]
    less = [other and not one for one, other in zip(ours[1], theirs[1], strict=True)]
    given = _prompts(renderer, conversation)
    left = {
        run.removeprefix(renderer.chat.header)
        for run in _runs(ours[0], less)
        if run not in given[0] and not any(one.endswith(run) for one in given)
    }
    return left | set(_runs(ours[0], more))


def _characters(renderer: Renderer, conversation: Conversation) -> tuple[str, list[bool]] | None:
    """Text of a row and, for every character, whether it is supervised; None if it is refused."""
    tokens = renderer.tokens(conversation)
    if isinstance(tokens, RenderError):
        return None
    text = "".join(token.text for token in tokens)
    return text, [token.supervised for token in tokens for _ in token.text]


def _prompts(renderer: Renderer, conversation: Conversation) -> list[str]:
    """What the model is given to go on from: after a question, then all along the conversation."""
    chat = renderer.chat.chat(conversation)
    found = [renderer.chat.generation_prompt or ""]
    for number in range(1, len(chat.messages)):
        some = replace(chat, messages=chat.messages[:number])
        with suppress(Exception):  # a template may refuse half a conversation, in any way
            found.append(renderer.chat.write(some, prompt=True)[0].rstrip())
    return found


def _runs(text: str, chosen: list[bool]) -> Iterator[str]:
    """The chosen characters, white space aside, in runs of neighbours."""
    marked = zip(text, chosen, strict=True)
    for is_chosen, run in groupby(marked, key=lambda one: one[1] and not one[0].isspace()):
        if is_chosen:
            yield "".join(letter for letter, _ in run)
