"""Models of fewer bits: captured gradients against autograd's through the dequantised weights."""

import shutil
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
import transformers
from tests.models.model_folder import edit_json, edit_weights, save_adapter, save_model, talk_rows
from tests.models.passes.captures import assert_agree, captured, take, whole
from tests.models.passes.captures import make_rows as token_rows

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, skeleton
from spanset.models.passes.targets import find_layers

BITS = ("4bit", "8bit")
SMALL = ModelConfig(rank=4, dimension=64, batch_tokens=300)
EXACT = 1e-5  # of float32, relative to a row's length: as for models that are not quantised


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "m")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to spoil."""
    return shutil.copytree(saved, tmp_path / "m")


@pytest.fixture
def bitsandbytes():
    """The package, 43 MB as a wheel: it is in none of the extras."""
    return pytest.importorskip("bitsandbytes", reason="quantised layers need bitsandbytes")


def loaded(folder, **settings):
    settings = {"device": "cpu", "dtype": "float32", **settings}
    return load_model(find_model(str(folder)), **settings)


def dequantised(model, folder, bitsandbytes):
    """The plain model with the weights that the quantised one multiplies by."""
    plain = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    modules = dict(plain.named_modules())
    with torch.no_grad():
        for name, module in model.named_modules():
            weight = getattr(module, "weight", None)
            if type(module).__name__ == "Linear4bit":
                numbers = bitsandbytes.functional.dequantize_4bit(weight.data, weight.quant_state)
            elif type(module).__name__ == "Linear8bitLt":
                numbers = bitsandbytes.functional.int8_vectorwise_dequant(weight.data, weight.SCB)
            else:
                continue
            modules[name].weight.copy_(numbers)
    return plain


def relative(got, expected):
    return ((got.total - expected.total).norm(dim=1) / expected.total.norm(dim=1)).max()


@pytest.mark.parametrize("kind", ["attention", "all-linear"])
@pytest.mark.parametrize("bits", BITS)
def test_gradients_are_those_of_the_dequantised_model(folder, bitsandbytes, bits, kind):
    model, batch = loaded(folder, quantize=bits), whole(token_rows(6))
    plain = dequantised(model, folder, bitsandbytes)
    layers = find_layers(model, kind)
    got, expected = (captured(one, batch, layers=layers) for one in (model, plain))
    assert relative(got, expected) < EXACT
    np.testing.assert_allclose(got.scores.loss, expected.scores.loss, rtol=1e-5)
    # Negative control: quantising changes gradients by far more.
    assert relative(expected, captured(loaded(folder), batch, layers=layers)) > 100 * EXACT


@pytest.mark.parametrize("bits", BITS)
def test_a_row_does_not_depend_on_the_others_of_its_batch(folder, bitsandbytes, bits):
    rows, model = token_rows(6), loaded(folder, quantize=bits)
    together = captured(model, whole(rows))
    alone = torch.cat([captured(model, take(rows, [row])).total for row in range(6)])
    error = (together.total - alone).norm(dim=1) / alone.norm(dim=1)
    assert error.max() < EXACT


@pytest.mark.parametrize("bits", BITS)
def test_checkpointing_changes_nothing(folder, bitsandbytes, bits):
    model, batch = loaded(folder, quantize=bits), whole(token_rows(4))
    again = captured(model, batch, checkpointing=True)
    assert relative(again, captured(model, batch)) < EXACT


@pytest.mark.parametrize("bits", BITS)
def test_half_precision_agrees_with_full(folder, bitsandbytes, bits):
    batch, there = whole(token_rows(6)), folder / "q"
    loaded(folder, quantize=bits).save_pretrained(there)  # the same codes for both
    full, half = (captured(loaded(there, dtype=one), batch) for one in ("float32", "bfloat16"))
    assert_agree(half.total, full.total)


@pytest.mark.parametrize("bits", BITS)
def test_layers_are_those_of_the_skeleton(folder, bitsandbytes, bits):
    model = loaded(folder, quantize=bits)
    for kind in ("attention", "all-linear"):
        assert find_layers(model, kind) == find_layers(skeleton(find_model(str(folder))), kind)
    assert any("bit" in type(module).__name__ for module in model.modules())


@pytest.mark.parametrize("bits", BITS)
def test_a_checkpoint_that_is_quantised_already_is_the_same_model(folder, bitsandbytes, bits):
    model, batch, there = loaded(folder, quantize=bits), whole(token_rows(4)), folder / "q"
    expected = captured(model, batch)
    model.save_pretrained(there)
    again = loaded(there)
    assert relative(captured(again, batch), expected) < EXACT
    assert find_layers(skeleton(find_model(str(there)))) == find_layers(again)
    with pytest.raises(UsageError, match="quantised already") as caught:
        GradientFeatures.load(str(there), ModelConfig(quantize=bits))
    assert caught.value.where == f"--quantize {bits}"


def test_it_computes_in_the_numbers_that_are_asked_for_whatever_the_checkpoint_names(
    folder, bitsandbytes
):
    loaded(folder, quantize="4bit").save_pretrained(folder / "q")
    table = {"load_in_4bit": True, "quant_method": "bitsandbytes", "bnb_4bit_quant_type": "nf4",
             "bnb_4bit_use_double_quant": True, "bnb_4bit_compute_dtype": "float16"}  # fmt: skip
    expected = captured(loaded(folder / "q"), whole(token_rows(4)))
    edit_json(folder / "q/config.json", quantization_config=table)
    got = captured(loaded(folder / "q"), whole(token_rows(4)))
    assert relative(got, expected) < EXACT


@pytest.mark.parametrize("bits", BITS)
def test_an_adapter_stays_beside_quantised_weights(folder, tmp_path, bitsandbytes, bits):
    pytest.importorskip("peft", reason="adapters need the extra `train`")
    adapter, batch = save_adapter(tmp_path / "a", folder), whole(token_rows(4))
    model = loaded(adapter, quantize=bits)
    assert find_layers(model, "all-linear") == find_layers(loaded(folder), "all-linear")
    got = captured(model, batch)
    # The adapter is exact: put onto the dequantised model, it is the same model.
    plain = dequantised(loaded(folder, quantize=bits), folder, bitsandbytes)
    plain.save_pretrained(tmp_path / "plain")
    edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(tmp_path / "plain"))
    assert relative(got, captured(loaded(adapter), batch)) < 10 * EXACT


@pytest.mark.parametrize("bits", BITS)
def test_a_weight_that_is_not_finite_is_named(folder, bitsandbytes, bits):
    def spoil(weights):
        weights["model.layers.1.mlp.up_proj.weight"][3, 4] = float("nan")
        return weights

    edit_weights(folder, spoil)
    with pytest.raises(DataError, match="not finite") as caught:
        loaded(folder, quantize=bits)
    assert "model.layers.1.mlp.up_proj.weight" in caught.value.why


@pytest.mark.parametrize("bits", BITS)
def test_features_of_fewer_bits_are_others_and_kept_apart(folder, bitsandbytes, bits):
    data = read(talk_rows(6))
    plain = GradientFeatures.load(str(folder), SMALL)
    packed = GradientFeatures.load(str(folder), ModelConfig(**{**vars(SMALL), "quantize": bits}))
    assert packed.settings() == {**plain.settings(), "quantize": bits}
    assert "quantize" not in plain.settings(), "stores that were made before would be others"
    assert "bitsandbytes" in packed.machine()
    X = packed.transform(data).X
    assert np.abs(X - plain.transform(data).X).max() > 1e-3


# What cannot be


@pytest.mark.parametrize("bits", BITS)
def test_without_bitsandbytes_the_message_names_what_to_install(folder, monkeypatch, bits):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(MissingExtraError, match="bitsandbytes") as caught:
        GradientFeatures.load(str(folder), ModelConfig(quantize=bits))
    assert caught.value.where == f"--quantize {bits}"
    assert caught.value.fix == "pip install bitsandbytes"


@pytest.mark.parametrize(
    "table", [{"quant_method": "bitsandbytes", "load_in_4bit": True}, {"load_in_8bit": True}]
)
def test_a_quantised_checkpoint_without_bitsandbytes_names_what_to_install(
    folder, monkeypatch, table
):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    edit_json(folder / "config.json", quantization_config=table)
    with pytest.raises(MissingExtraError, match="bitsandbytes") as caught:
        find_model(str(folder))
    assert caught.value.where == f"--model {folder}"


@pytest.mark.parametrize("table", [{}, {"bits": 4}, [], "4bit", 4])
def test_a_quantisation_without_a_method_is_refused(folder, table):
    edit_json(folder / "config.json", quantization_config=table)
    with pytest.raises(UsageError, match=r"quantisation is not known|cannot be loaded"):
        loaded(folder)


@pytest.mark.parametrize("method", ["gptq", "awq", "hqq", "aqlm", "quanto", "torchao", "rot13"])
def test_another_method_that_is_not_installed_is_one_error(folder, method):
    edit_json(folder / "config.json", quantization_config={"quant_method": method, "bits": 4})
    with pytest.raises((UsageError, DataError, MissingExtraError)) as caught:
        loaded(folder)
    assert str(caught.value).startswith(f"--model {folder}: ")
    assert caught.value.fix
