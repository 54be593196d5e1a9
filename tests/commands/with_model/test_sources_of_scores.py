"""A score is of the model that is named, or of a store that has it; else what to run is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.with_model.model_commands import (
    BY_WORDS,
    FROM_STORE,
    PICK,
    SCORES,
    WRONG_FLAGS,
    N,
    refuses,
)
from tests.models.model_folder import SMALL, changed, save_model

import spanset as package
from spanset.base.errors import UsageError
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read


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
    assert "--features static --model M" in err
    for run, flags in enumerate((("--model", "m"), ("--features", "static", "--model", "m"))):
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
