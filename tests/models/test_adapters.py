"""Adapters merged into their base models, against peft's own that lie beside the weights."""

import json
import shutil
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

import peft
import torch
import transformers
from tests.models.model_folder import (
    edit_json,
    edit_weights,
    save_adapter,
    save_model,
    talk_rows,
)
from tests.models.passes.test_capture import captured, whole
from tests.models.passes.test_capture import make_rows as token_rows
from tests.models.tiny_models import CHATML, CHATML_MARKED, make_tokenizer

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.models import adapters
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, load_renderer, skeleton
from spanset.models.passes.targets import find_layers

WEIGHTS = adapters.WEIGHTS
IDS = torch.arange(3, 40)[None]
SMALL = ModelConfig(rank=4, dimension=64, batch_tokens=300)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Base models by family, each saved once."""
    made, folder = {}, tmp_path_factory.mktemp("bases")

    def base(family="llama"):
        if family not in made:
            made[family] = save_model(folder / family, family)
        return made[family]

    return base


@pytest.fixture(scope="module")
def saved(bases, tmp_path_factory):
    return save_adapter(tmp_path_factory.mktemp("adapters") / "a", bases())


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of the adapter to spoil."""
    return shutil.copytree(saved, tmp_path / "a")


def loaded(folder, **settings):
    return load_model(find_model(str(folder)), device="cpu", dtype="float32", **settings)


def unmerged(folder, base):
    """The model as peft loads it, the adapter beside the weights."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peft.PeftModel.from_pretrained(model, folder).eval()


def logits(model):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model(IDS).logits


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
def test_an_adapter_is_merged_in_the_type_that_is_asked_for(folder, dtype):
    model = load_model(find_model(str(folder)), device="cpu", dtype=dtype)
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, dtype)}
    batch = whole(token_rows(3))
    cosine = torch.nn.functional.cosine_similarity(
        captured(model, batch).total, captured(loaded(folder), batch).total
    )
    assert (cosine > 0.99).all()


def test_the_skeleton_is_the_bases(folder, bases):
    bare = skeleton(find_model(str(folder)))
    assert find_layers(bare) == find_layers(loaded(folder))
    assert find_model(str(folder)).context == find_model(str(bases())).context


# What it is known by


def digest(folder):
    return find_model(str(folder)).digest


def test_the_digest_is_that_of_base_settings_and_weights(folder, bases, tmp_path):
    before = digest(folder)
    assert before.startswith("sha256:")
    assert before != digest(bases())
    (folder / "README.md").write_text("An adapter.")
    assert digest(folder.rename(tmp_path / "moved")) == before
    moved = tmp_path / "moved"
    other = shutil.copytree(bases(), tmp_path / "other")
    edit_json(moved / adapters.CONFIG, base_model_name_or_path=str(other))
    assert digest(moved) == before, "the same base in another place"
    edit_json(other / "config.json", rms_norm_eps=0.5)
    assert digest(moved) != before, "another base"


def test_the_digest_tells_edits_apart(folder):
    before = digest(folder)
    edit_json(folder / adapters.CONFIG, lora_alpha=3)
    scaled = digest(folder)
    edit_weights(folder, lambda all_of: {k: v * 2 for k, v in all_of.items()}, WEIGHTS)
    assert len({before, scaled, digest(folder)}) == 3


# Where the base is


def with_base(folder, base):
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(base))
    return find_model(str(folder))


def test_the_base_is_found_from_the_working_folder_and_beside_the_adapter(
    folder, bases, tmp_path, monkeypatch
):
    here, beside = tmp_path / "here", tmp_path / "beside"
    shutil.copytree(bases(), here / "base")
    shutil.copytree(bases("qwen2"), folder.parent / "base")
    monkeypatch.chdir(here)
    assert with_base(folder, "base").config.model_type == "llama"
    beside.mkdir()
    monkeypatch.chdir(beside)
    assert with_base(folder, "base").config.model_type == "qwen2"


@pytest.mark.parametrize(
    ("base", "says"),
    [("/no/such/folder", "does not exist"), ("~/none", "does not exist"), ("./none", "exist"),
     ("a/b/c", "a/b/c"), ("nobody/nothing-of-this-name", "nobody/nothing")],
)  # fmt: skip
def test_a_base_that_is_not_there_is_named(folder, offline, base, says):
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        with_base(folder, base)
    assert caught.value.where == f"--model {folder}"
    assert says in caught.value.why
    assert "base_model_name_or_path" in caught.value.fix


@pytest.mark.parametrize("base", [None, "", 3, ["m"]])
def test_an_adapter_without_a_base_is_refused(folder, base):
    table = json.loads((folder / adapters.CONFIG).read_text())
    (folder / adapters.CONFIG).write_text(json.dumps({**table, "base_model_name_or_path": base}))
    with pytest.raises(UsageError, match="does not name its base model"):
        find_model(str(folder))


def test_an_adapter_of_an_adapter_is_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="an adapter itself") as caught:
        with_base(shutil.copytree(folder, tmp_path / "second"), folder)
    assert "merge" in caught.value.fix


def test_an_adapter_of_itself_is_refused(folder):
    with pytest.raises(UsageError, match="an adapter itself"):
        with_base(folder, folder)


def test_a_base_that_is_an_encoder_with_a_decoder_is_refused(folder, tmp_path):
    transformers.T5Config().save_pretrained(tmp_path / "t5")
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        with_base(folder, tmp_path / "t5")
    assert "decoder" in caught.value.why


# What it cannot be


KEY = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


def config(**changes):
    return lambda folder: edit_json(folder / adapters.CONFIG, **changes)


def config_text(text):
    return lambda folder: (folder / adapters.CONFIG).write_text(text)


def weights(change):
    return lambda folder: edit_weights(folder, change, WEIGHTS)


def pickled(folder):
    (folder / WEIGHTS).unlink()
    torch.save({}, folder / "adapter_model.bin")


def spoiled(value):
    def spoil(all_of):
        all_of[KEY][0, 0] = value
        return all_of

    return weights(spoil)


BAD = {  # what spoils it, and what the message says
    "not-json": (config_text("{"), ("configuration cannot be read", "adapter_config.json")),
    "a-list": (config_text("[]"), ("configuration cannot be read", "no JSON object")),
    "deep": (config_text("[" * 100_000), ("configuration cannot be read",)),
    "empty": (config_text("{}"), ("cannot be merged", "peft_type is null")),
    "prompt": (config(peft_type="PROMPT_TUNING"), ("cannot be merged", "PROMPT_TUNING")),
    "unknown-kind": (config(peft_type=["LORA"]), ("cannot be merged", "peft_type")),
    "classifier": (config(task_type="SEQ_CLS"), ("cannot be merged", "SEQ_CLS")),
    "activated": (config(alora_invocation_tokens=[5]), ("cannot be merged", "alora")),
    "repeated": (config(layer_replication=[[0, 2], [0, 2]]), ("merged", "layer_replication")),
    "megatron": (config(megatron_config={"a": 1}), ("cannot be merged", "not run")),
    "pissa": (config(init_lora_weights="pissa_niter_4"), ("cannot be merged", "pissa")),
    "no-weights": (lambda folder: (folder / WEIGHTS).unlink(), ("has no weights", WEIGHTS)),
    "pickle": (pickled, ("pickle", "safe_serialization=True")),
    "later-version": (config(frobnicate=True), ("version of peft", "frobnicate", "install -U")),
    "rank-a-word": (config(r="four"), ("cannot be put onto",)),
    "rank-negative": (config(r=-4), ("cannot be put onto",)),
    "another-rank": (config(r=3), ("cannot be put onto", "size mismatch", "q_proj")),
    "no-targets": (config(target_modules=None), ("no place", "down_proj")),
    "absent-targets": (config(target_modules=["wq"]), ("cannot be put onto", "wq")),
    "bad-pattern": (config(target_modules="("), ("cannot be put onto",)),
    "a-target-more": (config(target_modules=["q_proj", "k_proj", "v_proj", "down_proj"]),
                      ("lacks 4 weights", "k_proj")),
    "missing": (weights(lambda w: {k: v for k, v in w.items() if k != KEY}), ("lacks 1", KEY)),
    "extra": (weights(lambda w: {**w, "base_model.model.lm_head.lora_A.weight": w[KEY].clone()}),
              ("no place", "lm_head")),
    "none-at-all": (weights(lambda w: {}), ("lacks 12 weights",)),
    "nan": (spoiled(float("nan")), ("not finite", KEY)),
    "infinite": (spoiled(float("inf")), ("not finite", KEY)),
    "truncated": (lambda folder: (folder / WEIGHTS).write_bytes(b"\x08"), ("cannot be read",)),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_an_adapter_that_cannot_be_used_is_named(folder, case):
    spoil, says = BAD[case]
    spoil(folder)
    with pytest.raises((UsageError, DataError)) as caught:
        loaded(folder)
    message = str(caught.value)
    assert message.startswith(f"--model {folder}: ")
    assert all(part in message for part in says), message
    assert caught.value.fix


def test_an_adapter_of_another_model_is_refused(folder, tmp_path):
    base = transformers.AutoConfig.for_model(
        "llama", hidden_size=16, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2
    )
    transformers.AutoModelForCausalLM.from_config(base).save_pretrained(tmp_path / "small")
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(tmp_path / "small"))
    with pytest.raises(UsageError, match="cannot be put onto its base model") as caught:
        loaded(folder)
    assert "size mismatch" in caught.value.why


def test_a_base_that_lacks_weights_is_refused(folder, bases, tmp_path):
    base = shutil.copytree(bases(), tmp_path / "base")
    edit_weights(base, lambda all_of: {k: v for k, v in all_of.items() if "lm_head" not in k})
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(base))
    with pytest.raises(DataError, match="lacks 1 weights"):
        loaded(folder)


def test_a_folder_with_a_model_and_an_adapter_is_refused(folder, bases):
    shutil.copytree(bases(), folder, dirs_exist_ok=True)
    with pytest.raises(UsageError, match="a model and an adapter") as caught:
        find_model(str(folder))
    assert "folder of its own" in caught.value.fix


def test_without_the_extra_the_message_names_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError) as caught:
        find_model(str(folder))
    assert "spanset[train]" in caught.value.fix


def test_settings_of_a_later_peft_that_say_nothing_are_passed_over(folder):
    edit_json(folder / adapters.CONFIG, frobnicate=False, frobnicator="")
    loaded(folder)


# Tokens


def test_the_tokenizer_is_the_adapters_own_or_the_bases(folder, bases):
    files = find_model(str(folder))
    assert load_renderer(files).template == CHATML
    make_tokenizer(CHATML_MARKED, pad=True).save_pretrained(folder)
    assert load_renderer(find_model(str(folder))).template == CHATML_MARKED


ADDED = ("<|think|>", "<|/think|>")


def with_added_tokens(base, folder, **settings):
    """An adapter trained after its embeddings were enlarged, with its tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.add_tokens(list(ADDED), special_tokens=True)
    enlarged = folder.parent / "enlarged"
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    torch.manual_seed(0)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(enlarged)
    save_adapter(folder, enlarged, **settings)
    tokenizer.save_pretrained(folder)
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(base))
    return folder, enlarged, len(tokenizer)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("llama", {"modules_to_save": ["embed_tokens", "lm_head"]}),
        ("qwen2", {"modules_to_save": ["embed_tokens", "lm_head"]}),
        ("qwen2", {"target_modules": ["q_proj", "embed_tokens"]}),
    ],
    ids=["saved", "saved-of-tied", "adapted-of-tied"],
)
def test_an_adapter_with_added_tokens_enlarges_its_base(bases, tmp_path, family, settings):
    folder, enlarged, size = with_added_tokens(bases(family), tmp_path / "a", **settings)
    stored = json.loads((folder / adapters.CONFIG).read_text())
    if "embed_tokens" in stored["target_modules"]:
        from safetensors.torch import load_file

        whole_one = [k for k in load_file(folder / WEIGHTS) if k.endswith("base_layer.weight")]
        if not whole_one:
            pytest.skip("this peft saves no enlarged embedding beside its adapter")
    model = loaded(folder)
    assert model.get_input_embeddings().weight.shape[0] == size
    ids = torch.tensor([[5, size - 1, 7, size - 2]])
    with torch.no_grad():
        expected = unmerged(folder, enlarged)(ids).logits
        torch.testing.assert_close(model(ids).logits, expected, rtol=1e-4, atol=1e-4)
    assert ADDED[0] in load_renderer(find_model(str(folder))).tokenizer.get_vocab()


def test_added_tokens_without_an_output_embedding_are_refused(bases, tmp_path):
    folder, *_ = with_added_tokens(
        bases(), tmp_path / "a", modules_to_save=["embed_tokens", "lm_head"]
    )
    weights(lambda all_of: {k: v for k, v in all_of.items() if "lm_head" not in k})(folder)
    with pytest.raises(UsageError, match="vocabulary") as caught:
        loaded(folder)
    assert "output embedding" in caught.value.why


# The hub


@pytest.fixture
def offline(monkeypatch):
    """No name of a model is looked up anywhere."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="part of transformers")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.fixture
def hub(tmp_path, monkeypatch, offline):
    """The hub's cache, to which repositories are added as if they had been fetched."""
    import huggingface_hub.constants as constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))

    def add(name, folder, commit, branch="main"):
        repository = cache / f"models--{name.replace('/', '--')}"
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / branch).write_text(commit)
        return shutil.copytree(folder, repository / "snapshots" / commit)

    return add


ONE, TWO = "1" * 40, "2" * 40


def test_an_adapter_in_a_repository_is_found_with_its_base(hub, folder, bases):
    hub("org/base", bases(), ONE)
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base")
    hub("org/adapter", folder, TWO)
    files = find_model("org/adapter")
    assert files.name == "org/adapter"
    assert files.weights == ("org/base", ONE)
    model = load_model(files, device="cpu", dtype="float32")
    expected = logits(unmerged(folder, bases()))
    torch.testing.assert_close(logits(model), expected, rtol=1e-4, atol=1e-4)
    assert load_renderer(files).template == CHATML


def test_the_revision_is_the_repositorys_and_the_adapters_settings_name_the_bases(
    hub, folder, bases
):
    hub("org/base", bases("qwen2"), TWO)
    hub("org/base", bases(), ONE, branch="v1")
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base", revision="v1")
    hub("org/adapter", folder, TWO, branch="step-100")
    files = find_model("org/adapter", "step-100")
    assert files.weights == ("org/base", ONE)
    assert files.config.model_type == "llama"
    assert files.revision == "step-100"
    with pytest.raises(UsageError):
        find_model("org/adapter")  # there is no main


def test_a_repository_with_the_bases_configuration_is_an_adapter_still(hub, folder, bases):
    shutil.copy(bases() / "config.json", folder)
    hub("org/adapter", folder, TWO)
    assert find_model("org/adapter").adapter is not None


def test_a_model_in_a_repository_is_none(hub, bases):
    hub("org/base", bases(), ONE)
    files = find_model("org/base")
    assert files.adapter is None
    assert files.digest == f"commit:{ONE}"


def test_an_adapter_in_a_repository_whose_base_is_not_there_is_named(hub, folder):
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base")
    hub("org/adapter", folder, TWO)
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        find_model("org/adapter")
    assert "org/base" in caught.value.why


def test_an_adapter_in_a_repository_without_safetensors_is_refused(hub, folder, bases):
    hub("org/base", bases(), ONE)
    pickled(folder)
    hub("org/adapter", folder, TWO)
    with pytest.raises(UsageError):
        find_model("org/adapter")
