"""A model that cannot be used is named before any work, and nothing that it brings is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.refusals import check_message, snapshot
from tests.commands.with_model.model_commands import (
    BY_MODEL,
    COMMANDS,
    DROPPING,
    STORE,
    nan_weight,
    refuses,
    template,
)
from tests.models.model_folder import changed, edit_json, edit_weights, save_model
from tests.models.tiny_models import CHATML_MARKED

from spanset.models import language_model


@pytest.fixture
def offline(monkeypatch):
    """No name of a model is looked up anywhere."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="part of transformers")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_control_runs_are_accepted(spanset, command):
    ended = spanset.run(*COMMANDS[command])
    assert ended.code == 0, ended.err
    assert "error" not in ended.err


def no_config(model):
    (model / "config.json").unlink()


def config_text(text):
    return lambda model: (model / "config.json").write_text(text)


def adapter(model):
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "x"}')


def encoder_decoder(model):
    import transformers

    transformers.T5Config().save_pretrained(model)


def no_tokenizer(model):
    for path in [*model.glob("tokenizer*"), model / "chat_template.jinja"]:
        path.unlink()


def broken_tokenizer(model):
    (model / "tokenizer.json").write_text("{")


def unknown_type(model):
    edit_json(model / "config.json", model_type="frobnicator", architectures=["Frobnicator"])


MARKED_WRONG = CHATML_MARKED.replace(
    "{% generation %}{{ m['content'] }}{% endgeneration %}",
    "{% generation %}{% endgeneration %}{{ m['content'] }}",
)
BAD_FOLDERS = {
    "no-config": (no_config, "--model m", ("config.json",)),
    "config-not-json": (config_text("{"), "--model m", ()),
    "config-empty": (config_text(""), "--model m", ()),
    "config-a-list": (config_text("[]"), "--model m", ()),
    "config-without-type": (config_text("{}"), "--model m", ()),
    "unknown-type": (unknown_type, "--model m", ("frobnicator",)),
    "adapter": (adapter, "--model m", ("adapter",)),
    "encoder-decoder": (encoder_decoder, "--model m", ("decoder",)),
    "no-tokenizer": (no_tokenizer, "--model m", ("tokenizer",)),
    "broken-tokenizer": (broken_tokenizer, "--model m", ("tokenizer",)),
    "template-drops-the-answer": (template(DROPPING), "m", ("drops the answer",)),
    "template-syntax": (template("{% for m in %}"), "m", ("Jinja", "line 1")),
    "template-refuses": (template("{{ raise_exception('not today') }}"), "m", ("not today",)),
    "template-marks-nothing": (template(MARKED_WRONG), "m", ("generation",)),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_cannot_be_used_is_named_before_any_work(
    spanset, cache, monkeypatch, command, case
):
    monkeypatch.setattr(language_model, "survey", None)
    spoil, where, says = BAD_FOLDERS[case]
    spoil(Path("m"))
    refuses(spanset, cache, COMMANDS[command], code=2, where=where, says=says)


def no_weights(model):
    (model / "model.safetensors").unlink()


def pickled(model):
    """Weights as pickles can run code; they are not opened."""
    no_weights(model)
    (model / "pytorch_model.bin").write_bytes(b"cos\nmkdir\n(S'pwned'\ntR.")


def cut_weights(model):
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def missing_weight(model):
    name = "model.layers.0.self_attn.q_proj.weight"
    edit_weights(model, lambda weights: {k: v for k, v in weights.items() if k != name})


def other_shape(model):
    edit_json(model / "config.json", hidden_size=64)


BAD_WEIGHTS = {
    "none": (no_weights, 2, ("safetensors",)),
    "pickled": (pickled, 2, ("safetensors",)),
    "cut": (cut_weights, 2, ()),
    "one-missing": (missing_weight, 1, ("lacks 1 weights", "q_proj")),
    "not-a-number": (nan_weight, 1, ("not finite", "up_proj")),
    "of-another-shape": (other_shape, None, ()),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_weights_that_cannot_be_used_are_an_error(spanset, cache, case):
    spoil, code, says = BAD_WEIGHTS[case]
    spoil(Path("m"))
    before = snapshot(Path())
    ended = spanset.run(*BY_MODEL)
    assert ended.code == code or (code is None and ended.code in (1, 2)), ended.err
    check_message(ended.err[ended.err.index("error: ") :], where="--model m", says=says)
    assert snapshot(Path()) == before
    assert not Path("pwned").exists()


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_weights_that_cannot_be_used_leave_no_store(spanset, case):
    """One that no run can finish would only be in the way."""
    BAD_WEIGHTS[case][0](Path("m"))
    before = snapshot(Path())
    assert spanset.run(*STORE).code in (1, 2)
    assert snapshot(Path()) == before


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "name", ["none", "./none", "/none/such", "~/none", "d.jsonl", "m/config.json", ""]
)
def test_a_model_that_does_not_exist_is_named(spanset, cache, offline, command, name):
    words = changed(COMMANDS[command], "--model", name)
    refuses(spanset, cache, words, code=2, where=f"--model {name}")


def test_code_that_a_model_brings_is_never_run(spanset, cache):
    code = "from pathlib import Path\nPath('pwned').mkdir()\n"
    for name in ("configuration_x.py", "modeling_x.py", "tokenization_x.py"):
        Path("m", name).write_text(code)
    auto = {"AutoConfig": "configuration_x.X", "AutoModelForCausalLM": "modeling_x.X"}
    edit_json(Path("m/config.json"), auto_map=auto)
    edit_json(
        Path("m/tokenizer_config.json"), auto_map={"AutoTokenizer": [None, "tokenization_x.X"]}
    )
    for command in COMMANDS.values():
        ended = spanset.run(*command)
        if ended.code:
            check_message(ended.err)
        assert not Path("pwned").exists()
    edit_json(Path("m/config.json"), model_type="frobnicator")
    shutil.rmtree("s", ignore_errors=True)
    for command in COMMANDS.values():
        spanset.refuses(*changed(command, "--run", "r") if command[0] == "select" else command,
                        code=2, where="--model m")  # fmt: skip
    assert not Path("pwned").exists()


@pytest.mark.parametrize("tokens", [{"pad": False}, {"eos": None}, {"bos": None, "pad": False}])
def test_a_tokenizer_without_some_special_token_is_no_mistake(spanset, tmp_path, tokens):
    shutil.rmtree("m")
    save_model(Path("m"), **tokens)
    assert spanset.run(*BY_MODEL).code == 0


def test_a_tokenizer_without_a_template_or_an_end_is_no_mistake(spanset):
    shutil.rmtree("m")
    save_model(Path("m"), template=None, eos=None)
    assert spanset.run(*BY_MODEL).code == 0
