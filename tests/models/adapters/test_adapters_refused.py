"""An adapter that cannot be merged is named with what is wrong in it."""

import shutil
import sys

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

import transformers
from tests.models.adapters.adapted import WEIGHTS, loaded, pickled, weights
from tests.models.model_folder import edit_json, edit_weights

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.models import adapters
from spanset.models.model_files import find_model

KEY = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


def config(**changes):
    return lambda folder: edit_json(folder / adapters.CONFIG, **changes)


def config_text(text):
    return lambda folder: (folder / adapters.CONFIG).write_text(text)


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
