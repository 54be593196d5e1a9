"""Scores and pairs that cannot be had: one message that says what to run, and running it works."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="scores need the extra `models`")
pytest.importorskip("transformers", reason="scores need the extra `models`")

from tests.commands.refusals import Commands
from tests.conftest import write_lines
from tests.models.model_folder import SMALL, save_model, talk_rows

import spanset as package

SELECT = ("select", "d.jsonl", "-k", "3", "--draws", "0")
PAIRS = [
    {"prompt": f"Question {n}?", "chosen": f"A good answer, {n}.", "rejected": f"No, {n}, never."}
    for n in range(6)
]
SAME = {"prompt": "What?", "chosen": "The same.", "rejected": "The same."}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("bad-scores") / "m")


@pytest.fixture
def spanset(saved, tmp_path, monkeypatch, capsys):
    here = tmp_path / "here"
    here.mkdir()
    shutil.copytree(saved, here / "m")
    write_lines(here / "d.jsonl", talk_rows(8))
    write_lines(here / "pairs.jsonl", PAIRS)
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Commands(capsys)


def accepts(spanset, *command):
    ended = spanset.run(*command)
    assert ended.code == 0, ended.err
    return ended


# Where is the model?


@pytest.mark.parametrize("name", ["perplexity", "gradient_norm", "ifd"])
def test_a_score_of_a_model_needs_one_before_any_work(spanset, name):
    command = (*SELECT, "--quality", name)
    spanset.refuses(
        *command, code=2, where=f"--quality {name}", says=("none is named",), fix="--model M"
    )
    assert not Path("spanset-run").exists()
    accepts(spanset, *command, "--features", "lexical", "--model", "m", *SMALL)


def test_a_model_that_has_nothing_to_do_is_refused(spanset):
    command = (*SELECT, "--features", "lexical", "--model", "m")
    says = ("do not go together",)
    spanset.refuses(*command, code=2, where="--model", says=says)
    spanset.refuses(*command, "--quality", "output_tokens", code=2, where="--model", says=says)
    accepts(spanset, *command, "--quality", "answer_tokens")


def test_two_language_models_are_refused(spanset):
    shutil.copytree("m", "n")
    spanset.refuses(
        *SELECT, "--features", "hidden:m", "--model", "n", code=2, where="--model",
        says=("name two models",),
    )  # fmt: skip


def test_a_quality_that_is_none_lists_those_of_models(spanset):
    for name in ("perplexity", "gradient_norm", "el2n", "logit_margin", "ifd", "pmi"):
        spanset.refuses(*SELECT, "--quality", "ppl", code=2, where="--quality", says=(name,))


# Stores that lack a score

STORES = {
    "lexical": ("--features", "lexical"),
    "hidden": ("--features", "hidden:m"),
    "gradient": ("--model", "m", *SMALL),
}


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("lexical", "perplexity", "it holds lexical features"),
        ("lexical", "ifd", "one more pass"),
        ("hidden", "gradient_norm", "without gradients"),
        ("hidden", "pmi", "one more pass"),
        ("gradient", "ifd", "one more pass"),
    ],
)
def test_a_store_that_lacks_a_score_says_what_to_run(spanset, kind, name, why):
    accepts(spanset, "features", "d.jsonl", *STORES[kind], "--out", "s")
    command = (*SELECT, "--features", "store:s", "--quality", name)
    spanset.refuses(
        *command, code=2, where="store:s", says=(f"holds no {name}", why), fix="--model"
    )
    accepts(spanset, *command, "--model", "m", *SMALL)


@pytest.mark.parametrize("name", ["perplexity", "el2n", "logit_margin", "answer_tokens"])
@pytest.mark.parametrize("kind", ["hidden", "gradient"])
def test_a_store_of_a_language_model_has_its_scores_without_it(spanset, kind, name):
    accepts(spanset, "features", "d.jsonl", *STORES[kind], "--out", "s")
    shutil.rmtree("m")
    accepts(spanset, *SELECT, "--features", "store:s", "--quality", name)


def test_hidden_states_that_a_store_does_not_hold(spanset):
    accepts(spanset, "features", "d.jsonl", *STORES["gradient"], "--no-hidden", "--out", "s")
    command = (*SELECT, "--features", "store:s:hidden")
    spanset.refuses(*command, code=2, where="store:s:hidden", says=("no hidden states",))
    accepts(spanset, *SELECT, "--features", "store:s")


def test_the_hidden_states_of_a_store_of_these_are_its_features(spanset):
    accepts(spanset, "features", "d.jsonl", *STORES["hidden"], "--out", "s")
    accepts(spanset, *SELECT, "--features", "store:s:hidden", "--run", "one")
    accepts(spanset, *SELECT, "--features", "store:s", "--run", "two")
    picks = [Path(run, "ids.txt").read_text() for run in ("one", "two")]
    assert picks[0] == picks[1]


# Values that cannot be a quality


def test_a_margin_below_zero_has_no_logarithm(spanset):
    command = (*SELECT, "--features", "hidden:m", "--quality", "logit_margin")
    ended = spanset.run(*command, "--transform", "log")
    assert ended.code == 1
    assert "logit_margin" in ended.err
    assert "--transform rank" in ended.err
    assert not Path("spanset-run").exists()
    accepts(spanset, *command, "--transform", "rank")


# Pairs


def test_pairs_with_equal_or_empty_sides_are_left_out_each_with_its_reason(spanset):
    broken = [SAME, {"prompt": "What?", "chosen": "This.", "rejected": " "}]
    write_lines(Path("mixed.jsonl"), [*PAIRS, *broken])
    accepts(
        spanset, "select", "mixed.jsonl", "-k", "3", "--draws", "0", "--model", "m", *SMALL,
        "--run", "r",
    )  # fmt: skip
    listed = Path("r/bad_rows.jsonl").read_text()
    assert "its chosen and its rejected side are the same" in listed
    assert "its rejected side is empty" in listed


def test_only_pairs_with_equal_sides_stop_with_what_to_do(spanset):
    write_lines(Path("same.jsonl"), [SAME, SAME])
    command = ("select", "same.jsonl", "-k", "1", "--draws", "0", "--model", "m", *SMALL)
    ended = spanset.run(*command)
    assert ended.code == 1
    assert "none of 2 rows" in ended.err
    assert "--pair chosen" in ended.err
    accepts(spanset, *command, "--pair", "chosen")


def test_an_empty_side_stops_where_asked(spanset):
    write_lines(Path("empty.jsonl"), [*PAIRS, {**SAME, "rejected": ""}])
    spanset.refuses(
        "select", "empty.jsonl", "-k", "2", "--on-empty", "error", code=1, where="empty.jsonl:7",
        says=("its rejected side is empty",), fix="--on-empty skip",
    )  # fmt: skip


def test_the_rejected_side_of_rows_that_have_none(spanset):
    ended = spanset.run(*SELECT, "--model", "m", "--pair", "rejected", *SMALL)
    assert ended.code == 1
    assert "it has no rejected side" in ended.err
    assert "leave out --pair rejected" in ended.err


# What is written down


def test_the_manifest_says_what_the_quality_was_and_by_which_model(spanset):
    accepts(
        spanset, *SELECT, "--features", "lexical", "--model", "m", "--quality", "pmi",
        "--run", "r",
    )  # fmt: skip
    quality = json.loads(Path("r/manifest.json").read_text())["quality"]
    assert (quality["name"], quality["transform"], quality["lambda"]) == ("pmi", "identity", 0.1)
    assert quality["model"]["model"]["digest"].startswith("sha256:")
    accepts(spanset, *SELECT, "--run", "none")
    assert json.loads(Path("none/manifest.json").read_text())["quality"] is None


def test_a_model_can_be_given_by_its_name_in_python(spanset):
    data = package.read("d.jsonl")
    named = package.select(data, k=3, features="lexical", model="m", quality="perplexity")
    config = package.ModelConfig(model="m")
    same = package.select(data, k=3, features="lexical", model=config, quality="perplexity")
    assert named.order.tolist() == same.order.tolist()


def test_shards_with_and_without_hidden_states_are_not_joined(spanset):
    for number, more in ((1, ()), (2, ("--no-hidden",))):
        shard = ("--shard", f"{number}/2", "--batch-tokens", "60")
        ended = accepts(
            spanset, "features", "d.jsonl", *STORES["gradient"], "--out", "s", *shard, *more
        )
        assert f"part {number} of 2" in ended.err
    spanset.refuses("merge", "s", code=2, says=("holds other columns", "hidden"))
