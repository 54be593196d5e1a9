"""Gradients of chats with tools, reasoning and turns that are not trained on, beside autograd.

The oracle's labels are those that TRL's trainer prepares; its loss is differentiated by autograd.
"""

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("trl", reason="needs the extra 'train'")

import torch
from tests.models.passes.captures import assert_close, captured
from tests.models.rendering.shapes import ROWS, WITH_TOOLS
from tests.models.rendering.trl_preparation import (
    PREPARATION,
    family_tokenizer,
    prepared,
    rows_for_trainer,
)
from tests.models.tiny_models import make_model

from spanset.data.formats.registry import FORMATS
from spanset.models.passes.padded import Batch
from spanset.models.passes.targets import find_layers
from spanset.models.rendering.tried_renderer import make_renderer

pytestmark = PREPARATION

SHAPES = [*WITH_TOOLS, "several turns", "reasoning in a field, earlier too"]


def by_autograd(model, layers, ids, labels):
    """Gradient of the summed loss of one row, of all layers side by side, outputs x inputs."""
    modules = dict(model.named_modules())
    weights = [modules[layer.name].weight.requires_grad_(True) for layer in layers]
    logits = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, :-1]
    loss = torch.nn.functional.cross_entropy(
        logits, torch.tensor(labels[1:]), ignore_index=-100, reduction="sum"
    )
    parts = torch.autograd.grad(loss, weights)
    for weight in weights:
        weight.requires_grad_(False)
    return torch.cat([part.flatten() for part in parts])


def labels_of(ids, trained):
    return [number if is_trained else -100 for number, is_trained in zip(ids, trained, strict=True)]


@pytest.mark.parametrize("family", ["deepseekv3", "glm4moe", "qwen2_5", "qwen3"])
def test_gradients_are_those_of_the_trainers_loss(family, tmp_path):
    tokenizer = family_tokenizer(family)
    renderer = make_renderer(tokenizer, max_length=1 << 20, chat_template="training")
    rows = [ROWS[shape] for shape in SHAPES]
    found = prepared(tokenizer, rows_for_trainer(rows), tmp_path, assistant_only_loss=True)
    # One more with its first answer left out of the loss.
    ids, trained = found[SHAPES.index("several turns")]
    first_answer = trained.index(True)
    stop = trained.index(False, first_answer)
    found.append((ids, [False] * stop + trained[stop:]))
    asked, answer, *rest = ROWS["several turns"]["messages"]
    rows.append({"messages": [asked, {**answer, "train": False}, *rest]})

    rendered = renderer.render([FORMATS["messages"].convert(row) for row in rows])
    model = make_model("llama", vocabulary=len(tokenizer), context=4096)
    layers = find_layers(model)
    expected = torch.stack(
        [by_autograd(model, layers, ids, labels_of(ids, trained)) for ids, trained in found]
    )
    batch = Batch.pad([one.ids for one in rendered], [one.supervised for one in rendered])
    assert_close(captured(model, batch, layers=layers).total, expected, family)
