"""Settings of a model that cannot be, or do not go together, are refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.with_model.model_commands import (
    BY_MODEL,
    COMMANDS,
    DROPPING,
    PICK,
    SHOW,
    STORE,
    WRONG_FLAGS,
    refuses,
)
from tests.models.model_folder import changed
from tests.models.tiny_models import CHATML

from spanset.models import language_model


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
