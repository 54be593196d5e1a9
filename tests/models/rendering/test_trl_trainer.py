"""Tokens and labels that TRL's SFTTrainer prepares, and ours: the same, row by row.

Of its own training templates, which `--chat-template training` takes, everything is equal. Of the
models' own templates, with the loss of completions, all but the line break after a turn, which no
model has to write.
"""

from datetime import datetime

import numpy as np
import pytest

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")
pytest.importorskip("datasets", reason="needs the extra 'hub'")
pytest.importorskip("trl", reason="needs the extra 'train'")

import transformers
from tests.models.rendering.shapes import ROWS
from tests.models.rendering.trl_preparation import (
    PREPARATION,
    family_tokenizer,
    prepared,
    rows_for_trainer,
)
from tests.places import SHARED

from spanset.data.formats.registry import FORMATS
from spanset.data.reader import read
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.tried_renderer import make_renderer

pytestmark = PREPARATION

FAMILIES = (
    *("cohere2", "deepseekv3", "diffusion_gemma", "gemma3", "glm4moe", "gptoss", "lfm2", "llama3"),
    *("muse_glimmer", "nemotron_3_nano", "phi3", "qwen2_5", "qwen3", "qwen3_5_think"),
)
FIXED = datetime(2024, 7, 26)  # the day that our templates have for today


class Day(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz=None):
        return FIXED


@pytest.fixture(autouse=True)
def one_day(monkeypatch):
    from transformers.utils import chat_template_utils

    monkeypatch.setattr(chat_template_utils, "datetime", Day)


def taken(renderer, rows):
    """The rows that the template takes, with what becomes of them here."""
    convert = FORMATS["messages"].convert
    rendered = renderer.render([convert(row) for row in rows])
    return [
        (row, one)
        for row, one in zip(rows, rendered, strict=True)
        if not isinstance(one, RenderError)
    ]


def real_tokenizer(name):
    """A byte-pair tokenizer of real text, with the special tokens of a family."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(SHARED / "models" / "tiny-llama-7m")
    own = family_tokenizer(name)
    tokenizer.add_special_tokens({"additional_special_tokens": own.all_special_tokens})
    tokenizer.chat_template = own.chat_template
    return tokenizer


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_of_the_training_template_are_the_trainers(family, tmp_path):
    tokenizer = family_tokenizer(family)
    renderer = make_renderer(tokenizer, max_length=1 << 20, chat_template="training")
    rows = rows_for_trainer(ROWS.values())
    own = [(row, one) for row, one in taken(renderer, rows) if one.supervised.any()]
    theirs = prepared(tokenizer, [row for row, _ in own], tmp_path, assistant_only_loss=True)
    assert len(own) == len(theirs) > 10
    for (row, one), (ids, labels) in zip(own, theirs, strict=True):
        assert one.ids.tolist() == ids, row
        assert one.supervised.tolist()[1:] == labels[1:], row


CHAT = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "It is 5."},
    {"role": "user", "content": "Sure?"},
    {"role": "assistant", "content": "It is 4."},
]
MARKS = {
    **{name: {name: 0} for name in ("weight", "loss_weight")},
    **{name: {name: False} for name in ("train", "training", "loss")},
    "masked": {"masked": True},
}


def marked_rows():
    """The chat with its first answer marked in every way."""
    for mark in MARKS.values():
        yield {"messages": [CHAT[0], {**CHAT[1], **mark}, *CHAT[2:]]}
    yield {"messages": CHAT, "loss_mask": [0, 0, 0, 1]}


@pytest.mark.parametrize("family", FAMILIES)
def test_turns_that_are_not_trained_on_are_left_out_of_the_trainers_labels(family, tmp_path):
    tokenizer = family_tokenizer(family)
    whole = [{"messages": CHAT}]
    ((ids, labels),) = prepared(tokenizer, whole, tmp_path, assistant_only_loss=True)
    edges = np.flatnonzero(np.diff(labels)) + 1  # of the two answers
    labels[: edges[2]] = [False] * edges[2]
    renderer = make_renderer(tokenizer, max_length=1 << 20, chat_template="training")
    found = taken(renderer, list(marked_rows()))
    assert len(found) == len(MARKS) + 1
    for _, one in found:
        assert one.ids.tolist() == ids
        assert one.supervised.tolist() == labels


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_of_completions_are_the_trainers_but_for_line_breaks(family, tmp_path):
    tokenizer = family_tokenizer(family)
    rows = [
        {"prompt": CHAT[:1], "completion": CHAT[1:2]},
        {"prompt": CHAT[:3], "completion": CHAT[3:]},
    ]
    theirs = prepared(tokenizer, rows, tmp_path)
    renderer = make_renderer(tokenizer, max_length=1 << 20, supervise="last")
    convert = FORMATS["prompt-completion"].convert
    for one, (ids, labels) in zip(renderer.render(list(map(convert, rows))), theirs, strict=True):
        assert one.ids.tolist() == ids
        assert not (one.supervised & ~np.array(labels)).any()
        more = np.array(ids)[~one.supervised & np.array(labels)]
        assert tokenizer.decode(more).strip() in ("", "<eos>")


@pytest.mark.parametrize("family", FAMILIES)
def test_public_rows_are_as_the_trainer_prepares_them(family, tmp_path):
    names = {
        "data/lima.json": 8,
        "data/formats/glaive_toolcall_en_demo.json": 12,
        "data/formats/reason_tool_use_demo_50.jsonl": 12,
        "data/formats/sharegpt_zh_1K_format.jsonl": 4,
    }
    if family == "diffusion_gemma":
        # Its marks end with the text: the trainer loses the last bytes of a letter of many.
        del names["data/formats/sharegpt_zh_1K_format.jsonl"]
    if not (SHARED / "data").exists():
        pytest.skip(f"{SHARED} is not there")
    tokenizer = real_tokenizer(family)
    renderer = make_renderer(tokenizer, max_length=1 << 20, chat_template="training")
    own = []
    for name, count in names.items():
        conversations = list(read(SHARED / name)[:count].conversations())
        for conversation, one in zip(conversations, renderer.render(conversations), strict=True):
            if not isinstance(one, RenderError):
                chat = renderer.chat.chat(conversation)
                tools = {} if chat.tools is None else {"tools": chat.tools}
                own.append(({"messages": chat.messages, **tools}, one))
    theirs = prepared(tokenizer, [row for row, _ in own], tmp_path, assistant_only_loss=True)
    assert len(own) == len(theirs) > 10
    for (row, one), (ids, labels) in zip(own, theirs, strict=True):
        assert one.ids.tolist() == ids, row
        assert one.supervised.tolist()[1:] == labels[1:], row
