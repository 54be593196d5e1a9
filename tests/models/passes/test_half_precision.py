"""Gradients in half precision agree with those in float32: none underflows, none overflows."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.passes.captures import (
    RANK,
    assert_agree,
    captured,
    cosines,
    make_rows,
    take,
    whole,
)
from tests.models.tiny_models import make_model

from spanset.models.passes import capture as capture_module
from spanset.models.passes.targets import find_layers
from spanset.sketches.kinds import make_sketch


def test_bfloat16_agrees_with_float32(model):
    batch = whole(make_rows(8))
    expected = captured(model, batch).total
    got = captured(model.to(torch.bfloat16), batch).total
    assert got.dtype == torch.float32
    assert_agree(got, expected)


def test_low_rank_gradients_in_bfloat16_agree_with_float32(llama):
    layers, totals = find_layers(llama), []
    for dtype in (torch.float32, torch.bfloat16):
        sketch = make_sketch("fold", layers, rank=RANK, dimension=1024, seed=0, dtype=dtype)
        totals.append(captured(llama.to(dtype), whole(make_rows(8)), sketch=sketch).total)
    assert_agree(*reversed(totals))


def scaled(model, names, factor):
    """The model with every weight whose name has one of `names` multiplied by the factor."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if any(part in name for part in names):
                weight.mul_(factor)
    return model


def count_passes(model):
    passes = []
    model.register_forward_pre_hook(lambda *_: passes.append(1))
    return passes


def test_tiny_gradients_do_not_underflow_in_float16(monkeypatch):
    batch = whole(make_rows(8))
    model = scaled(make_model("llama"), ["lm_head", "model.norm"], 5e-4)
    expected = captured(model, batch).total
    got = captured(model.half(), batch).total
    assert_agree(got, expected)
    # Negative control: without the scale, they do.
    monkeypatch.setattr(capture_module, "SCALES", {})
    assert (cosines(captured(model, batch).total, expected) < 0.9).all(), (
        "not tiny enough to test anything"
    )


def test_a_scale_that_overflows_in_float16_gives_way_to_a_smaller_one():
    """A small residual stream under a normalisation has gradients as large as it is small."""
    batch = whole(make_rows(8))
    model = scaled(make_model("llama"), ["embed_tokens", "o_proj", "down_proj"], 0.01)
    expected = captured(model, batch).total
    passes = count_passes(model.half())
    got = captured(model, batch).total
    assert len(passes) == 2, "the first scale did not overflow, or the second did as well"
    assert_agree(got, expected)


def test_a_row_that_overflows_leaves_the_scale_of_others_alone():
    rows, model = make_rows(2), scaled(make_model("llama"), ["lm_head", "model.norm"], 5e-4).half()
    alone = captured(model, take(rows, [0])).total
    passes = count_passes(model)
    got = captured(model, whole(rows), weights=np.array([1.0, 3e7])).total
    assert len(passes) > 1, "the second row did not overflow"
    assert (cosines(got[:1], alone) > 0.999).all(), "a row depends on the others of its batch"
