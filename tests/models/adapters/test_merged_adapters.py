"""Adapters merged into their base models, against peft's own that lie beside the weights."""

import shutil

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

import peft
import torch
import transformers
from tests.models.adapters.adapted import loaded, logits, unmerged
from tests.models.model_folder import save_adapter, talk_rows
from tests.models.passes.captures import captured, whole
from tests.models.passes.captures import make_rows as token_rows

from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.models import adapters
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, skeleton
from spanset.models.passes.targets import find_layers

SMALL = ModelConfig(rank=4, dimension=64, batch_tokens=300)


def assert_same_model(folder, base):
    expected, plain = logits(unmerged(folder, base)), logits(unmerged(folder, base).unload())
    model = loaded(folder)
    # Logits are about 10; the worst are those of RandLoRA, which sums the most products.
    torch.testing.assert_close(logits(model), expected, rtol=1e-4, atol=5e-4)
    assert (expected - plain).abs().max() > 0.1, "the adapter changes nothing: no test"
    bare = transformers.AutoModelForCausalLM.from_pretrained(base)
    assert find_layers(model, "all-linear") == find_layers(bare, "all-linear")
    assert {type(m) for m in model.modules()} <= {type(m) for m in bare.modules()}


KINDS = {
    "ADALORA": {"total_step": 10},
    "BOFT": {"boft_block_size": 8},
    "C3A": {"block_size": 8},
    "FOURIERFT": {"n_frequency": 20},
    "HRA": {"r": 4},
    "IA3": {"feedforward_modules": []},
    "LN_TUNING": {"target_modules": ["input_layernorm"]},
    "LOHA": {"r": 4},
    "LOKR": {"r": 4},
    "LORA": {},
    "MISS": {"r": 4},
    "OFT": {"oft_block_size": 8},
    "RANDLORA": {"r": 4},
    "ROAD": {"group_size": 8},
    "SHIRA": {"r": 4},
    "TRAINABLE_TOKENS": {"target_modules": ["embed_tokens"], "token_indices": [3, 5]},
    "VERA": {"r": 4},
}


def test_every_kind_that_is_merged_is_tested():
    assert tuple(KINDS) == adapters.MERGED


@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_adapter_is_pefts_own_model(bases, tmp_path, kind):
    if kind not in peft.PEFT_TYPE_TO_CONFIG_MAPPING:
        pytest.skip(f"this peft does not know {kind}")
    settings = {"target_modules": ["q_proj", "o_proj"], **KINDS[kind]}
    assert_same_model(save_adapter(tmp_path / "a", bases(), kind, **settings), bases())


LORAS = {
    "all-linear": ("llama", {"target_modules": "all-linear"}),
    "rank-stabilised": ("llama", {"use_rslora": True}),
    "dora": ("llama", {"use_dora": True}),
    "patterns": ("llama", {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 3}}),
    "biases": ("qwen2", {"bias": "all"}),
    "conv1d": ("gpt2", {"target_modules": ["c_attn"], "fan_in_fan_out": True}),
    "fused": ("gpt_neox", {"target_modules": ["query_key_value"]}),
    "experts": ("mixtral", {"target_modules": ["q_proj", "v_proj"]}),
    "whole-embeddings": ("llama", {"modules_to_save": ["embed_tokens", "lm_head"]}),
    "head-of-tied": ("qwen2", {"modules_to_save": ["lm_head"]}),
    "input-of-tied": ("qwen2", {"modules_to_save": ["embed_tokens"]}),
    "adapted-head-of-tied": ("qwen2", {"target_modules": ["q_proj", "lm_head"]}),
    "adapted-input-of-tied": ("qwen2", {"target_modules": ["q_proj", "embed_tokens"]}),
    "some-tokens": ("llama", {"trainable_token_indices": [3, 5]}),
    "some-tokens-of-tied": ("qwen2", {"trainable_token_indices": [3, 5]}),
}


@pytest.mark.parametrize("case", LORAS)
def test_lora_in_all_its_settings_is_pefts_own_model(bases, tmp_path, case):
    family, settings = LORAS[case]
    folder = save_adapter(tmp_path / "a", bases(family), **settings)
    if case == "experts":  # transformers keeps them in other classes than peft leaves
        expected = logits(unmerged(folder, bases(family)))
        torch.testing.assert_close(logits(loaded(folder)), expected, rtol=1e-4, atol=1e-4)
    else:
        assert_same_model(folder, bases(family))


def test_gradients_are_those_of_the_unmerged_model(folder, bases):
    """Through the adapter that lies beside the weights, and through the sum of the two."""
    batch = whole(token_rows(4))
    beside = unmerged(folder, bases()).get_base_model()
    assert find_layers(beside) == find_layers(loaded(folder))
    expected, got = captured(beside, batch), captured(loaded(folder), batch)
    error = (got.total - expected.total).norm(dim=1) / expected.total.norm(dim=1)
    assert error.max() < 1e-5
    np.testing.assert_allclose(got.scores.loss, expected.scores.loss, rtol=1e-5)


def test_an_adapter_beside_the_weights_is_one_layer_of_the_bases_name(folder, bases):
    beside, bare = unmerged(folder, bases()).get_base_model(), skeleton(find_model(str(bases())))
    for kind in ("attention", "all-linear"):
        assert find_layers(beside, kind) == find_layers(bare, kind)


def test_features_are_those_of_the_merged_model_saved(folder, bases, tmp_path):
    merged = tmp_path / "merged"
    unmerged(folder, bases()).merge_and_unload().save_pretrained(merged)
    for path in [*bases().glob("token*"), bases() / "chat_template.jinja"]:
        shutil.copy(path, merged)
    data = read(talk_rows(8))
    one, other, base = (
        GradientFeatures.load(str(path), SMALL).transform(data).X
        for path in (folder, merged, bases())
    )
    np.testing.assert_allclose(one, other, atol=2e-3)  # both are kept in float16
    assert (np.einsum("nd,nd->n", one, base) < 0.99).any(), "the adapter changes nothing: no test"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_an_adapter_is_merged_in_the_type_that_is_asked_for(folder, bases, dtype):
    model = load_model(find_model(str(folder)), device="cpu", dtype=dtype)
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, dtype)}
    batch = whole(token_rows(3))
    merged, exact, base = (
        captured(one, batch).total for one in (model, loaded(folder), loaded(bases()))
    )
    cosine = torch.nn.functional.cosine_similarity
    # Processors that multiply in bfloat16 itself come to 0.987, others to 0.997.
    assert cosine(merged, exact).min() > 0.95 > cosine(base, exact).max()


def test_the_skeleton_is_the_bases(folder, bases):
    bare = skeleton(find_model(str(folder)))
    assert find_layers(bare) == find_layers(loaded(folder))
    assert find_model(str(folder)).context == find_model(str(bases())).context
