"""Models and tokenizers: found without loading weights, and never loaded by halves."""

import json
import shutil

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.models.model_folder import CONTEXT, edit_json, edit_weights, save_model
from tests.models.tiny_models import CHATML

from spanset.base.errors import DataError, UsageError
from spanset.models import model_files as models
from spanset.models.loading import load_model
from spanset.models.model_files import (
    find_model,
    load_renderer,
    model_device,
    model_dtype,
    skeleton,
    tokenizer_digest,
)
from spanset.models.passes.targets import find_layers


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "m")


def digest(folder):
    return find_model(str(folder)).digest


def test_a_model_is_found_without_its_weights(folder):
    content = (folder / "model.safetensors").read_bytes()
    files = find_model(str(folder))
    assert files.context == CONTEXT
    assert files.digest.startswith("sha256:")
    (folder / "model.safetensors").write_bytes(b"x" + content[1:])
    assert find_model(str(folder)).digest != files.digest


def test_the_digest_is_that_of_configuration_and_weights_alone(folder):
    before = digest(folder)
    (folder / "README.md").write_text("A model.")
    assert digest(folder) == before
    assert digest(folder.rename(folder.with_name("moved"))) == before
    edit_json(folder.with_name("moved") / "config.json", rms_norm_eps=0.5)
    assert digest(folder.with_name("moved")) != before


def test_an_adapter_is_no_model(folder):
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(UsageError, match="adapter"):
        find_model(str(folder))


def test_weights_are_loaded_as_they_were_saved(folder):
    from safetensors.torch import load_file

    model = load_model(find_model(str(folder)), device="cpu", dtype="float32")
    weights = load_file(folder / "model.safetensors")
    named = dict(model.named_parameters())
    assert weights.keys() <= named.keys()
    assert all(torch.equal(named[name], value) for name, value in weights.items())


@pytest.mark.parametrize("dtype", models.DTYPES)
def test_a_model_is_loaded_in_the_type_that_is_asked_for(folder, dtype):
    model = load_model(find_model(str(folder)), device="cpu", dtype=dtype)
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, dtype)}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(folder, value):
    def spoil(weights):
        weights["model.layers.1.mlp.up_proj.weight"][3, 4] = value
        return weights

    edit_weights(folder, spoil)
    with pytest.raises(DataError, match="not finite") as caught:
        load_model(find_model(str(folder)), device="cpu", dtype="float32")
    assert "model.layers.1.mlp.up_proj.weight" in caught.value.why


def test_a_weight_beyond_float16_is_put_down_to_that(folder):
    def enlarge(weights):
        weights["model.norm.weight"][0] = 1e6
        return weights

    edit_weights(folder, enlarge)
    files = find_model(str(folder))
    load_model(files, device="cpu", dtype="float32")
    with pytest.raises(DataError, match="not finite") as caught:
        load_model(files, device="cpu", dtype="float16")
    assert "float16" in caught.value.why
    assert "float32" in caught.value.fix


@pytest.mark.parametrize("name", ["model.layers.0.self_attn.q_proj.weight", "lm_head.weight"])
def test_a_missing_weight_is_named_and_never_random(folder, name):
    edit_weights(folder, lambda weights: {k: v for k, v in weights.items() if k != name})
    with pytest.raises(DataError, match="lacks 1 weights") as caught:
        load_model(find_model(str(folder)), device="cpu", dtype="float32")
    assert name in caught.value.why


def test_a_weight_of_another_shape_is_named(folder):
    name = "model.layers.0.self_attn.q_proj.weight"
    edit_weights(folder, lambda weights: {**weights, name: weights[name][:5].clone()})
    with pytest.raises((DataError, UsageError)) as caught:
        load_model(find_model(str(folder)), device="cpu", dtype="float32")
    message = str(caught.value)
    assert "ignore_mismatched_sizes" not in message, "advice that cannot be followed"
    assert "shape" in message


def test_tied_embeddings_are_no_missing_weight(tmp_path):
    folder = save_model(tmp_path / "m", "qwen2")
    model = load_model(find_model(str(folder)), device="cpu", dtype="float32")
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_weights_in_several_files_are_one_model(folder):
    whole = load_model(find_model(str(folder)), device="cpu", dtype="float32")
    shutil.rmtree(folder)
    whole.save_pretrained(folder, max_shard_size="60KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    parts = load_model(find_model(str(folder)), device="cpu", dtype="float32")
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_skeleton_has_the_layers_of_the_model_and_no_weights(folder):
    files = find_model(str(folder))
    bare, model = skeleton(files), load_model(files, device="cpu", dtype="float32")
    assert find_layers(bare) == find_layers(model)
    assert {parameter.device.type for parameter in bare.parameters()} == {"meta"}


def test_the_length_is_the_context_where_nothing_else_is_said(folder):
    assert load_renderer(find_model(str(folder))).max_length == CONTEXT
    assert load_renderer(find_model(str(folder)), max_length=20).max_length == 20


@pytest.mark.parametrize("length", [1, 0, -5, CONTEXT + 1])
def test_a_length_that_cannot_be_is_refused(folder, length):
    with pytest.raises(UsageError) as caught:
        load_renderer(find_model(str(folder)), max_length=length)
    assert caught.value.where == "--max-length"


def test_the_tokenizers_digest_is_that_of_tokens_and_template(folder):
    files = find_model(str(folder))
    before = tokenizer_digest(load_renderer(files))
    assert tokenizer_digest(load_renderer(files, max_length=20)) == before
    template = folder / "chat_template.jinja"
    template.write_text(CHATML.replace("\n", " "))
    assert tokenizer_digest(load_renderer(files)) != before
    template.write_text(CHATML)
    assert tokenizer_digest(load_renderer(files)) == before


@pytest.mark.parametrize("token", ["eos_token", "bos_token"])
def test_a_special_token_of_another_name_is_another_tokenizer(folder, token):
    """Templates write these, and the end-of-turn token is found by them."""
    files = find_model(str(folder))
    before = tokenizer_digest(load_renderer(files))
    edit_json(folder / "tokenizer_config.json", **{token: "<|im_end|>"})
    assert tokenizer_digest(load_renderer(files)) != before


def test_rendering_does_not_change_the_tokenizers_digest(folder):
    """A tokenizer file may ask for truncation, which rendering switches off."""
    path = folder / "tokenizer.json"
    table = json.loads(path.read_text())
    table["truncation"] = {
        "direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0,
    }  # fmt: skip
    path.write_text(json.dumps(table))
    renderer = load_renderer(find_model(str(folder)))
    before = tokenizer_digest(renderer)
    from spanset.data.conversation import Conversation, Turn

    talk = Conversation((Turn("user", "a long question? " * 5), Turn("assistant", "Yes.")))
    (row,) = renderer.render([talk])
    assert len(row.ids) > 5
    assert tokenizer_digest(renderer) == before


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_a_device_that_exists_is_resolved(device):
    assert model_device(device).partition(":")[0] in ("cpu", "cuda")


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "meta", "mps", "cuda:99", "cpu:-1"])
def test_a_device_that_is_none_is_refused(device):
    with pytest.raises(UsageError) as caught:
        model_device(device)
    assert caught.value.where == "--device"


def test_cuda_without_cuda_says_what_torch_sees():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(UsageError, match="no device 'cuda'") as caught:
        model_device("cuda")
    assert "there is cpu" in caught.value.why


def test_numbers_are_float32_on_the_host():
    assert model_dtype("auto", "cpu") == "float32"
    assert model_dtype("bfloat16", "cpu") == "bfloat16"
