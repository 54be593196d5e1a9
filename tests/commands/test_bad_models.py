"""Every mistake with a model ends in one message, and nothing is left behind.

As in test_bad_input: what, where, why, what to do; exit code 1 for data and numbers, 2 for usage;
the folder byte for byte as it was. The cache is empty too, where nothing could be computed.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

import torch
from tests.commands.test_bad_input import Commands, check_message, snapshot
from tests.conftest import write_lines
from tests.models.model_folder import (
    CONTEXT,
    SMALL,
    Child,
    Moment,
    changed,
    edit_json,
    edit_weights,
    save_model,
    talk_rows,
)
from tests.models.tiny_models import CHATML, CHATML_MARKED

import spanset as package
from spanset.base.errors import DataError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read
from spanset.models import language_model

N = 8
LONG = {"instruction": "a very long question " * 40, "output": "No."}
PICK = ("select", "d.jsonl", "-k", "3", "--draws", "0", *SMALL)
BY_MODEL = (*PICK, "--model", "m")
STORE = ("features", "d.jsonl", "--model", "m", "--out", "s", *SMALL)
SHOW = ("show", "d.jsonl", "--model", "m")
COMMANDS = {"select": BY_MODEL, "features": STORE, "show": SHOW}


@pytest.fixture(autouse=True, scope="module")
def plain():
    """One thread, which is faster here, and no colours inside the messages."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            patch.delenv(name, raising=False)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("bad-models") / "m")


@pytest.fixture
def folder(saved, tmp_path, monkeypatch):
    """Working folder with eight rows and a model."""
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(saved, here / "m")
    write_lines(here / "d.jsonl", talk_rows(N))
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return here


@pytest.fixture
def spanset(folder, capsys):
    return Commands(capsys)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch):
    """No name of a model is looked up anywhere."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="part of transformers")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def refuses(spanset, cache, command, **message):
    err = spanset.refuses(*command, **message)
    assert not [path for path in cache.rglob("*") if path.is_file()], "something is in the cache"
    return err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_control_runs_are_accepted(spanset, command):
    ended = spanset.run(*COMMANDS[command])
    assert ended.code == 0, ended.err
    assert "error" not in ended.err


# The model's folder


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


def template(source):
    return lambda model: (model / "chat_template.jinja").write_text(source)


def unknown_type(model):
    edit_json(model / "config.json", model_type="frobnicator", architectures=["Frobnicator"])


DROPPING = CHATML.replace("m['content']", "(m['content'] if m['role'] != 'assistant' else '')")
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


def nan_weight(model):
    def spoil(weights):
        weights["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
        return weights

    edit_weights(model, spoil)


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


# Rows


def test_rows_beyond_the_context_are_cut_and_counted(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), {"instruction": "a", "output": "b c " * 300}])
    ended = spanset.run(*BY_MODEL)
    assert ended.code == 0
    assert "1 truncated" in ended.err


def test_rows_that_are_left_out_are_counted_and_listed(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    ended = spanset.run(*PICK, "--model", "m", "--run", "r")
    assert ended.code == 0
    assert "1 left out" in ended.err
    left_out = [json.loads(line) for line in Path("r/bad_rows.jsonl").read_text().splitlines()]
    assert [(row["line"], row["row"]) for row in left_out] == [(N + 1, N)]
    assert "--max-length" in left_out[0]["reason"]
    assert str(N) not in Path("r/ids.txt").read_text().split()
    counts = json.loads(Path("r/manifest.json").read_text())["rows"]
    assert (counts["read"], counts["usable"]) == (N + 1, N)
    assert counts["unrepresented"] == 1


def test_rows_that_are_left_out_show_in_the_json_summary(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    ended = spanset.run(*BY_MODEL, "--json")
    assert json.loads(ended.out)["unrepresented"] == 1


def test_only_rows_that_are_too_long_is_an_error(spanset, cache):
    write_lines(Path("d.jsonl"), [LONG, {**LONG, "output": "Yes."}])
    words = changed(BY_MODEL, "-k", "1")
    refuses(spanset, cache, words, code=1, where="d.jsonl:1", says=("2 rows",), fix="--max-length")


def test_an_empty_turn_of_the_assistant_among_others_is_no_mistake(spanset):
    turns = [("user", "One?"), ("assistant", ""), ("user", "Two?"), ("assistant", "Two.")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    other = {"messages": [*row["messages"][:1], {"role": "assistant", "content": "One."}]}
    write_lines(Path("d.jsonl"), [row, other])
    assert spanset.run(*changed(BY_MODEL, "-k", "2")).code == 0


@pytest.mark.parametrize("command", ["select", "features"])
def test_a_row_that_the_template_refuses_is_named_or_skipped(spanset, cache, command):
    refusing = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    )
    template(refusing + CHATML)(Path("m"))
    plain = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    rows = [{"messages": plain}, {"messages": [{"role": "system", "content": "Be."}, *plain]}]
    write_lines(Path("d.jsonl"), rows)
    words = changed(COMMANDS[command], "-k", "1") if command == "select" else STORE
    refuses(spanset, cache, words, code=1, where="d.jsonl:2", says=("no system",),
            fix="--on-bad-row skip")  # fmt: skip
    assert spanset.run(*words, "--on-bad-row", "skip").code == 0


def test_more_picks_than_rows_with_features_are_refused(spanset):
    write_lines(Path("d.jsonl"), [*talk_rows(N), LONG])
    before = snapshot(Path())
    ended = spanset.run(*changed(BY_MODEL, "-k", str(N + 1)))
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="-k: ", says=("9 rows", "8"),
                  fix="-k 8")  # fmt: skip
    assert snapshot(Path()) == before


# Flags


WRONG_FLAGS = {
    "rank-0": (("--rank", "0"), "--rank", "1 or more"),
    "rank-negative": (("--rank", "-4"), "--rank", ""),
    "dimension-0": (("--dimension", "0"), "--dimension", "1 or more"),
    "dimension-no-multiple": (("--dimension", "30"), "--dimension", "use 32"),
    "batch-0": (("--batch-tokens", "0"), "--batch-tokens", "1 or more"),
    "batch-negative": (("--batch-tokens", "-5"), "--batch-tokens", "1 or more"),
    "length-1": (("--max-length", "1"), "--max-length", ""),
    "length-negative": (("--max-length", "-1"), "--max-length", ""),
    "length-beyond-the-context": (("--max-length", str(CONTEXT + 1)), "--max-length", str(CONTEXT)),
    "no-template": (("--chat-template", "none.jinja"), "--chat-template", ""),
    "template-a-folder": (("--chat-template", "m"), "--chat-template", ""),
    "template-not-utf8": (("--chat-template", "latin.jinja"), "--chat-template", "UTF-8"),
    "template-syntax": (("--chat-template", "syntax.jinja"), "--chat-template", ""),
    "template-drops": (("--chat-template", "dropping.jinja"), "--chat-template", ""),
    "template-empty": (("--chat-template", "empty.jinja"), "--chat-template", ""),
    "device": (("--device", "gpu"), "--device", ""),
    "device-number": (("--device", "cuda:99"), "--device", ""),
    "dtype": (("--model-dtype", "int8"), "--model-dtype", ""),
    "bits": (("--quantize", "2bit"), "--quantize", ""),
    "placing": (("--device-map", "all"), "--device-map", ""),
    "placing-and-device": (("--device-map", "auto", "--device", "cpu"), "--device-map", "drop one"),
    "supervise": (("--supervise", "first"), "--supervise", ""),
    "targets": (("--targets", "mlp"), "--targets", ""),
    "sketch": (("--sketch", "magic"), "--sketch", ""),
    "seed": (("--seed", "-1"), "--seed", "0 or more"),
    "length-a-word": (("--max-length", "long"), "--max-length", ""),
}


@pytest.mark.parametrize("case", WRONG_FLAGS)
@pytest.mark.parametrize("command", ["select", "features"])
def test_a_setting_that_cannot_be_is_refused_before_any_work(
    spanset, cache, monkeypatch, command, case
):
    monkeypatch.setattr(language_model, "survey", None)
    flags, where, fix = WRONG_FLAGS[case]
    Path("latin.jinja").write_bytes(CHATML.encode() + b"\xe9")
    Path("syntax.jinja").write_text("{% for m in %}")
    Path("dropping.jinja").write_text(DROPPING)
    Path("empty.jinja").write_text("")
    words = changed(COMMANDS[command], *flags)
    refuses(spanset, cache, words, code=2, where=where, fix=fix)


@pytest.mark.parametrize(
    "case", ["length-beyond-the-context", "length-1", "no-template", "template-drops"]
)
def test_show_refuses_the_settings_that_a_run_would(spanset, case):
    Path("dropping.jinja").write_text(DROPPING)
    flags, where, fix = WRONG_FLAGS[case]
    spanset.refuses(*SHOW, *flags, code=2, where=where, fix=fix)


@pytest.mark.parametrize("case", sorted(set(WRONG_FLAGS) - {"seed"}))
def test_a_dry_run_refuses_what_the_run_would(spanset, case):
    Path("latin.jinja").write_bytes(CHATML.encode() + b"\xe9")
    Path("syntax.jinja").write_text("{% for m in %}")
    Path("dropping.jinja").write_text(DROPPING)
    Path("empty.jinja").write_text("")
    flags, where, _ = WRONG_FLAGS[case]
    spanset.refuses(*changed(BY_MODEL, *flags), "--dry-run", code=2, where=where)


@pytest.mark.parametrize("case", ["rank-0", "dimension-no-multiple", "batch-0"])
def test_wrong_usage_is_found_before_the_data_is_opened(spanset, case):
    flags, where, _ = WRONG_FLAGS[case]
    for words in (BY_MODEL, STORE):
        missing = tuple("none.jsonl" if word == "d.jsonl" else word for word in words)
        spanset.refuses(*changed(missing, *flags), code=2, where=where)


@pytest.mark.parametrize(
    "features", ["lexical", "array:x.npy", "store:s", "gradient:other", "gradient:"]
)
def test_a_model_and_other_features_contradict_each_other(spanset, cache, features):
    words = (*BY_MODEL, "--features", features)
    if features == "gradient:":
        assert spanset.run(*words).code == 0
    else:
        refuses(spanset, cache, words, code=2, where="--model", says=(features,), fix="drop one")


@pytest.mark.parametrize("features", ["gradient:", "gradient", "store:", "store", "gradients:m"])
def test_features_without_a_name_are_answered_with_the_known_ones(spanset, features):
    spanset.refuses(*PICK, "--features", features, code=2, where="--features", fix="gradient:MODEL")


def test_features_need_a_model_and_a_place(spanset):
    spanset.refuses("features", "d.jsonl", "--out", "s", code=2, where="--features", fix="--model")
    spanset.refuses("features", "d.jsonl", "--model", "m", code=2, where="out")
    spanset.refuses("features", "--model", "m", "--out", "s", code=2, where="DATA")


def test_without_the_extra_the_message_names_what_to_install(spanset, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    for command in COMMANDS.values():
        spanset.refuses(*command, code=2, says=("transformers",), fix="spanset[models]")


# Stores


@pytest.fixture
def store(spanset):
    assert spanset.run(*STORE).code == 0


FROM_STORE = (*PICK[:4], "--draws", "0", "--features", "store:s")


@pytest.mark.parametrize("name", ["none", "m", "d.jsonl"])
def test_what_is_no_store_is_named(spanset, store, name):
    words = changed(FROM_STORE, "--features", f"store:{name}")
    ended = spanset.run(*words)
    assert ended.code in (1, 2)
    check_message(ended.err, where=f"{name}: ")


def test_a_store_of_another_model_is_not_gone_on_with(spanset, store):
    nan_weight(Path("m"))
    spanset.refuses(
        *STORE,
        code=2,
        where="s: ",
        says=("the weights or the configuration",),
        fix="another folder",
    )


def test_rows_that_a_store_lacks_are_named(spanset, store):
    write_lines(Path("d.jsonl"), [*talk_rows(N), *talk_rows(N + 2)[N:]])
    says = ("lacks 2 of 10 rows", "d.jsonl:9")
    spanset.refuses(*FROM_STORE, code=1, where="s: ", says=says)


def test_given_rows_that_a_store_lacks_are_named(spanset, store):
    write_lines(Path("g.jsonl"), talk_rows(N + 2)[N - 1 :])
    says = ("lacks 2 of 3 rows", "g.jsonl:2")
    spanset.refuses(*FROM_STORE, "--given", "g.jsonl", code=1, where="s: ", says=says)


def test_a_store_that_is_not_finished_is_refused(spanset):
    words = changed(STORE, "--batch-tokens", "100")
    assert Child(*words, moment=Moment("pwrite", 30)).end() < 0
    spanset.refuses(*FROM_STORE, code=2, where="s: ", says=("not finished",), fix="again")
    spanset.refuses(*FROM_STORE, "--dry-run", code=2, where="s: ", says=("not finished",))


def test_a_shard_is_refused(spanset):
    assert spanset.run(*STORE, "--shard", "1/2").code == 0
    words = changed(FROM_STORE, "--features", "store:s.1-of-2")
    spanset.refuses(*words, code=2, where="s.1-of-2: ", says=("shard 1 of 2",), fix="merge")


@pytest.mark.parametrize("words", [FROM_STORE, BY_MODEL], ids=["from-it", "beside-it"])
def test_force_never_replaces_a_store_by_a_run_folder(spanset, store, words):
    """Days of work, and it too holds a manifest.json."""
    before = snapshot(Path("s"))
    ended = spanset.run(*words, "--run", "s", "--force")
    assert snapshot(Path("s")) == before, "the store was replaced"
    check_message(ended.err, where="s: ")
    assert ended.code == 2


def test_an_output_into_the_store_is_refused(spanset, store):
    before = snapshot(Path("s"))
    ended = spanset.run(*FROM_STORE, "-o", "s/subset.jsonl", "--run", "s/run", "--force")
    assert ended.code in (0, 2)
    left = {name: what for name, what in snapshot(Path("s")).items() if "subset" not in name}
    assert {k: v for k, v in left.items() if not k.startswith("run")} == before


# What works


def ids(run):
    return Path(run, "ids.txt").read_text().split()


def test_a_selection_by_gradients_leaves_a_run_folder_that_can_be_fed_back(spanset, monkeypatch):
    assert spanset.run(*BY_MODEL, "--run", "r", "--max-length", "100").code == 0
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows"]["picked"] == 3
    config = Path("r/config.toml").read_text()
    assert 'model = "m"' in config
    assert "max-length = 100" in config
    monkeypatch.setattr(language_model, "load_model", None)  # the same features, so from the cache
    ended = spanset.run("select", "--config", "r/config.toml", "--run", "again")
    assert ended.code == 0, ended.err
    assert Path("again/ids.txt").read_bytes() == Path("r/ids.txt").read_bytes()
    assert Path("again/subset.jsonl").read_bytes() == Path("r/subset.jsonl").read_bytes()


def test_model_and_store_and_gradient_are_the_same_features(spanset, store):
    assert spanset.run(*BY_MODEL, "--run", "a").code == 0
    assert spanset.run(*PICK, "--features", "gradient:m", "--run", "b").code == 0
    assert spanset.run(*FROM_STORE, "--run", "c").code == 0
    assert ids("a") == ids("b") == ids("c")


def test_given_rows_are_put_through_the_same_model(spanset):
    write_lines(Path("g.jsonl"), talk_rows(N)[2:4])
    assert spanset.run(*changed(BY_MODEL, "-k", "6"), "--given", "g.jsonl", "--run", "r").code == 0
    assert not {"2", "3"} & set(ids("r"))


def test_a_selection_in_memory_order_counts_rows_as_they_were_read(spanset):
    rows = talk_rows(N)
    write_lines(Path("d.jsonl"), [LONG, *rows[:4], LONG, *rows[4:]])
    assert spanset.run(*changed(BY_MODEL, "-k", str(N)), "--run", "r").code == 0
    assert sorted(map(int, ids("r"))) == [1, 2, 3, 4, 6, 7, 8, 9]
    subset = Path("r/subset.jsonl").read_text().splitlines()
    assert all(json.loads(line) in rows for line in subset)


def test_a_dry_run_with_a_model_loads_no_weights(spanset, cache, monkeypatch):
    monkeypatch.setattr(language_model, "load_model", None)
    before = snapshot(Path())
    ended = spanset.run(*BY_MODEL, "--dry-run")
    assert (ended.code, ended.err) == (0, "")
    assert "gradient:m, 32 dimensions" in ended.out
    assert snapshot(Path()) == before
    assert not cache.exists()
    ended = spanset.run(*changed(BY_MODEL, "--sketch", "none"), "--dry-run", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["dimension"] > 1000


def test_json_output_is_nothing_but_json(spanset):
    ended = spanset.run(*BY_MODEL, "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["picked"] == 3


@pytest.mark.parametrize("sketch", ["paper", "none"])
def test_every_sketch_serves_a_selection(spanset, sketch):
    assert spanset.run(*BY_MODEL, "--sketch", sketch).code == 0


def test_show_marks_what_is_supervised(spanset):
    ended = spanset.run(*SHOW, "-n", "1")
    assert ended.code == 0
    assert "⟦It is 0, or 0.<|im_end|>⟧" in ended.out
    assert "⟦Say" not in ended.out


def test_show_tells_which_rows_cannot_be_rendered(spanset):
    template("{% if 'number 0' in messages[0]['content'] %}{{ raise_exception('no zero') }}"
             "{% endif %}" + CHATML)(Path("m"))  # fmt: skip
    ended = spanset.run(*SHOW, "-n", "2")
    assert ended.code == 0
    assert "no zero" in ended.out


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("features", ("--model", "--out", "--shard", "--seed", "--max-length", "--rank")),
        ("merge", ("OUT",)),
        ("show", ("--model", "--chat-template", "--supervise")),
        ("select", ("--model", "--batch-tokens", "--model-dtype", "--sketch", "--targets")),
    ],
)
def test_every_command_and_flag_has_a_help_text(spanset, command, flags):
    ended = spanset.run(command, "--help")
    assert ended.code == 0
    assert "Usage: spanset" in ended.out
    for flag in flags:
        assert flag in ended.out


def test_help_needs_no_model_and_no_heavy_package(spanset, monkeypatch):
    import sys

    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, None)
    for command in ("features", "merge", "show"):
        assert spanset.run(command, "--help").code == 0


def test_a_store_can_be_read_with_numpy_as_the_help_says(spanset, store):
    features, status = np.load("s/features.npy"), np.load("s/status.npy")
    assert features.shape == (N, 32)
    assert status.tolist() == [1] * N


# Scores

SCORES = ("perplexity", "gradient_norm", "el2n", "logit_margin", "answer_tokens", "ifd", "pmi")
BY_WORDS = (*PICK, "--features", "lexical", "--model", "m")


def store_by(spanset, *flags):
    """Make the store `s`."""
    ended = spanset.run("features", "d.jsonl", "--out", "s", *flags)
    assert ended.code == 0, ended.err


def fix_of(err):
    """What the message says to do."""
    (fix,) = (line for line in err.splitlines() if line.startswith("  fix: "))
    return fix.removeprefix("  fix: ")


def flags_in(fix, **named):
    """The flags that a fix spells out after its colon, with what its capitals stand for."""
    words = fix.partition(": ")[2].split()
    return [named.get(word, word) for word in words]


LACKING = {
    "words": (("--features", "lexical"), SCORES),
    "hidden": (("--features", "hidden:m"), ("gradient_norm", "ifd", "pmi")),
    "gradients": (("--model", "m", *SMALL), ("ifd", "pmi")),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, (_, names) in LACKING.items() for name in names]
)
def test_a_store_that_lacks_a_score_says_what_to_run_and_that_works(spanset, kind, name):
    store_by(spanset, *LACKING[kind][0])
    words = (*PICK[:4], "--draws", "0", *SMALL, "--features", "store:s", "--quality", name)
    err = spanset.refuses(*words, code=2, where="--features store:s", says=(name,), fix="--model")
    flags = flags_in(fix_of(err), M="m")
    assert flags == ["--model", "m"]
    ended = spanset.run(*words, *flags, "--run", "r")
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (("--features", "hidden:m"), ("perplexity", "el2n", "logit_margin", "answer_tokens")),
        (("--model", "m", *SMALL, "--no-hidden"), SCORES[:5]),
    ],
    ids=["hidden", "gradients"],
)
def test_a_store_serves_the_scores_that_it_has_without_a_model(spanset, monkeypatch, flags, names):
    store_by(spanset, *flags)
    shutil.rmtree("m")
    for name in names:
        ended = spanset.run(*FROM_STORE, "--quality", name, "--run", f"r-{name}")
        assert ended.code == 0, ended.err


def test_a_score_is_of_the_model_that_is_named_and_not_of_the_stores(spanset):
    save_model(Path("other"), "gpt2")
    store_by(spanset, "--model", "m", *SMALL)
    rated = {}
    for name in ("m", "other"):
        words = (*FROM_STORE, "--quality", "perplexity", "--lambda", "1", "--model", name)
        ended = spanset.run(*changed(words, "-k", str(N)), "--run", f"r-{name}")
        assert ended.code == 0, ended.err
        table = pq.read_table(f"r-{name}/selection.parquet").to_pydict()
        rated[name] = dict(zip(table["row"], table["log_quality"], strict=True))
        expected = package.score(read("d.jsonl"), "perplexity", model=name)
        np.testing.assert_allclose([rated[name][row] for row in range(N)], expected, rtol=1e-5)
    assert rated["m"] != rated["other"]


@pytest.mark.parametrize("name", SCORES)
def test_a_score_of_a_model_needs_one(spanset, cache, name):
    words = (*PICK, "--quality", name)
    err = refuses(spanset, cache, words, code=2, where=f"--quality {name}", fix="--model M")
    assert "--features lexical --model M" in err
    for run, flags in enumerate((("--model", "m"), ("--features", "lexical", "--model", "m"))):
        ended = spanset.run(*words, *flags, "--run", f"r{run}")
        assert ended.code == 0, ended.err


@pytest.mark.parametrize("name", SCORES)
def test_in_python_a_score_of_a_model_needs_one_too(folder, name):
    for model in (None, ModelConfig()):
        with pytest.raises(UsageError, match="none is named"):
            package.score(read("d.jsonl"), name, model=model)


def test_a_model_without_a_score_has_nothing_to_do_beside_words(spanset, cache):
    np.save("x.npy", np.random.default_rng(0).normal(size=(N, 4)))
    for features in ("lexical", "array:x.npy"):
        for quality in ((), ("--quality", "output_tokens")):
            words = (*PICK, "--features", features, "--model", "m", *quality)
            refuses(spanset, cache, words, code=2, where="--model m", fix="drop one")
    for features in ("lexical", "array:x.npy"):
        words = (*PICK, "--features", features, "--model", "m", "--quality", "perplexity")
        ended = spanset.run(*words, "--run", f"r-{features[:5]}")
        assert ended.code == 0, ended.err


@pytest.mark.parametrize("features", ["hidden:m", "lexical"])
@pytest.mark.parametrize(
    "case", ["rank-0", "rank-negative", "dimension-0", "dimension-no-multiple"]
)
def test_the_sketch_of_a_gradient_norm_is_checked_whatever_the_features_are(
    spanset, cache, case, features
):
    flags, where, fix = WRONG_FLAGS[case]
    model = () if features == "hidden:m" else ("--model", "m")
    words = (*PICK, "--features", features, *model, "--quality", "gradient_norm")
    refuses(spanset, cache, changed(words, *flags), code=2, where=where, fix=fix)
    setting = {flags[0].removeprefix("--"): int(flags[1])}
    config = ModelConfig(**{"model": "m", "rank": 4, "dimension": 32, **setting})
    with pytest.raises(UsageError) as caught:
        package.score(read("d.jsonl"), "gradient_norm", model=config)
    assert where in caught.value.where


def test_a_sketch_that_nothing_takes_is_not_checked(spanset):
    """Negative control: hidden states and most scores have none."""
    words = changed(BY_WORDS, "--rank", "0")
    assert spanset.run(*words, "--quality", "perplexity").code == 0


def scaled_head(factor):
    def scale(weights):
        return {**weights, "lm_head.weight": weights["lm_head.weight"] * factor}

    edit_weights(Path("m"), scale)


@pytest.mark.parametrize("features", ["hidden:m", "lexical"])
@pytest.mark.parametrize("name", ["perplexity", "el2n", "logit_margin", "ifd", "pmi"])
def test_scores_that_are_not_finite_are_an_error_that_names_score_and_row(spanset, features, name):
    """Hidden states are finite here, logits are not."""
    scaled_head(3e38)
    model = () if features == "hidden:m" else ("--model", "m")
    before = snapshot(Path())
    ended = spanset.run(*PICK, "--features", features, *model, "--quality", name)
    assert ended.code == 1, ended.err
    message = ended.err[ended.err.index("error: ") :]
    if name in ("ifd", "pmi"):  # no row has an answer to compare with
        check_message(message, where="d.jsonl:1", says=("not finite",), fix="--model-dtype")
    else:
        check_message(message, where="--quality", says=(f"{name} of row 0", "not finite"),
                      fix="--model-dtype")  # fmt: skip
    assert snapshot(Path()) == before


def test_a_perplexity_that_is_no_number_is_an_error(spanset):
    """Beyond e^709 a token: what a model of broken weights gives."""
    scaled_head(3000.0)
    loss = -package.score(read("d.jsonl"), "el2n", model="m")
    assert np.isfinite(loss).all(), "all is lost: another test"
    ended = spanset.run(*BY_WORDS, "--quality", "perplexity")
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality",
                  says=("perplexity of row 0", "inf"), fix="another quality")  # fmt: skip


@pytest.mark.parametrize("name", ["logit_margin", "pmi"])
def test_a_score_that_is_a_logarithm_may_have_none(spanset, name):
    data = read("d.jsonl")
    assert package.score(data, name, model="m").min() < 0, "positive: no test"
    words = (*BY_WORDS, "--quality", name, "--transform", "log")
    before = snapshot(Path())
    ended = spanset.run(*words)
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality", says=(name,),
                  fix="identity")  # fmt: skip
    assert snapshot(Path()) == before
    for transform in ("identity", "rank", "quantile"):
        assert spanset.run(*changed(words, "--transform", transform), "--run", transform).code == 0


def test_a_message_about_a_score_names_the_row_as_it_was_read(folder):
    """Rows that were left out before it count."""
    rows = [LONG, LONG | {"output": "Yes."}, *talk_rows(N)]
    data = read(rows)
    X = ModelConfig(model="m", rank=4, dimension=32)
    values = package.score(read(rows[2:]), "pmi", model=X)
    lowest = 2 + int(np.argmin(values))
    with pytest.raises(DataError) as caught:
        package.select(data, k=2, features="hidden:m", quality="pmi", transform="log", model=X)
    assert f"row {lowest} " in caught.value.what


def test_one_score_for_all_rows_prefers_none(spanset):
    row = talk_rows(1)[0]
    write_lines(Path("d.jsonl"), [row, {**row, "instruction": "Say zero."}])
    ended = spanset.run(*changed(BY_WORDS, "-k", "1"), "--quality", "answer_tokens")
    assert ended.code == 1
    check_message(ended.err[ended.err.index("error: ") :], where="--quality", says=("same",))


@pytest.mark.parametrize("name", SCORES)
def test_rows_that_cannot_be_scored_leave_with_their_reason(spanset, name):
    write_lines(Path("d.jsonl"), [LONG, *talk_rows(N)])
    words = changed(BY_WORDS, "-k", str(N))
    ended = spanset.run(*words, "--quality", name, "--lambda", "1", "--run", "r")
    assert ended.code == 0, ended.err
    assert sorted(map(int, ids("r"))) == list(range(1, N + 1))
    (left_out,) = Path("r/bad_rows.jsonl").read_text().splitlines()
    assert "--max-length" in json.loads(left_out)["reason"]
