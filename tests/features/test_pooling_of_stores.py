"""Hidden states of one pooling are never taken for another's; what does not depend on it is."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

from tests.conftest import write_lines
from tests.features.mean_states import CONFIG, HALF, ROWS, messages, states, unit
from tests.models.by_hand import ByHand
from tests.models.model_folder import FEATURES, edit_json, files_of, store_of, talk_rows

import spanset
from spanset.base.errors import UsageError
from spanset.cli import main
from spanset.config.model_settings import POOLINGS
from spanset.data.reader import read
from spanset.features.gradient import GradientFeatures
from spanset.features.hidden import HiddenFeatures
from spanset.models.passes.model_run import ModelRun
from spanset.stores.status import Status
from spanset.stores.user_cache import cached_stores

OTHERS = ("weighted", "last")
MIXED = [(one, other) for one in POOLINGS for other in POOLINGS if one != other]
POOLED = {one: replace(CONFIG, pooling=one) for one in POOLINGS}
HIDDEN_STORE = ("features", "d.jsonl", "--features", "hidden:m", "--out", "s")
PICK = ("select", "d.jsonl", "-k", "5", "--draws", "0")


@pytest.fixture
def passed(monkeypatch):
    """Numbers of rows that went through the model, a pass each."""
    found, once = [], ModelRun._queued
    monkeypatch.setattr(
        ModelRun, "_queued", lambda *args: found.append(len(args[2])) or once(*args)
    )
    return found


def refused(capsys, *command, says):
    """The command is refused with this difference, and changes nothing."""
    before = files_of(Path("s"))
    capsys.readouterr()
    assert main([*command]) == 2
    err = " ".join(capsys.readouterr().err.split())
    assert "the store was made with other settings" in err
    assert says in err
    assert files_of(Path("s")) == before
    assert not Path("s/appended-1").exists()


def assert_states(X, model, rows, pooling):
    assert np.abs(X - unit(states(ByHand(model), rows, pooling))).max() < HALF


# In the cache


@pytest.mark.parametrize("pooling", POOLINGS)
def test_after_gradients_hidden_states_of_the_same_pooling_take_no_pass(model, no_model, pooling):
    spanset.represent(read(ROWS), f"gradient:{model}", model=POOLED[pooling])
    no_model()
    X = spanset.represent(read(ROWS), f"hidden:{model}", model=POOLED[pooling])
    assert_states(X, model, ROWS, pooling)


@pytest.mark.parametrize("features", ["gradient", "hidden"])
@pytest.mark.parametrize(("there", "now"), MIXED)
def test_hidden_states_of_another_pooling_do_not_serve(model, passed, features, there, now):
    rows = ROWS[:4]
    spanset.represent(read(rows), f"{features}:{model}", model=POOLED[there])
    passed.clear()
    X = spanset.represent(read(rows), f"hidden:{model}", model=POOLED[now])
    assert sum(passed) == len(rows)
    assert_states(X, model, rows, now)


@pytest.mark.parametrize(("there", "now"), MIXED)
def test_gradients_do_not_depend_on_it_and_are_made_once(model, no_model, there, now):
    X = spanset.represent(read(ROWS), f"gradient:{model}", model=POOLED[there])
    no_model()
    again = spanset.represent(read(ROWS), f"gradient:{model}", model=POOLED[now])
    assert np.array_equal(again, X)


def test_gradients_of_more_rows_leave_them_in_the_pooling_asked_for(model, passed):
    spanset.represent(read(ROWS[:10]), f"gradient:{model}", model=POOLED["mean"])
    spanset.represent(read(ROWS[:16]), f"gradient:{model}", model=POOLED["last"])
    for pooling, lacking in (("last", 10), ("mean", 6)):
        passed.clear()
        X = spanset.represent(read(ROWS[:16]), f"hidden:{model}", model=POOLED[pooling])
        assert sum(passed) == lacking
        assert_states(X, model, ROWS[:16], pooling)


def test_stores_from_before_there_was_a_choice_are_of_means(model, tmp_path):
    """Their settings and columns, word for word: these name the folder in the cache."""
    data = read(ROWS)
    settings = {"kind", "model", "model_dtype", "tokenizer", "supervise", "max_length", "pair"}
    columns = {"status", "rows", "tokens", "supervised", "norm", "loss", "el2n", "margin"}
    hidden = store_of(HiddenFeatures.load(model, POOLED["mean"]), data, tmp_path / "h")
    assert hidden.manifest["settings"].keys() == settings
    assert hidden.columns.keys() == columns
    beside = store_of(GradientFeatures.load(model, POOLED["mean"]), data, tmp_path / "g")
    assert beside.manifest["settings"].keys() == settings | {"targets", "sketch"}
    assert beside.columns.keys() == columns | {"hidden", "hidden_norm"}
    for store in (hidden, beside):
        assert "pooling" not in (store.path / "manifest.json").read_text()
    for pooling in OTHERS:
        found = HiddenFeatures.load(model, POOLED[pooling]).settings()
        assert found == {**hidden.manifest["settings"], "pooling": pooling}


# Scores


@pytest.mark.parametrize("features", ["gradient", "hidden"])
@pytest.mark.parametrize(("there", "now"), [("weighted", "mean"), ("mean", "last")])
def test_scores_do_not_depend_on_it(model, no_model, features, there, now):
    spanset.represent(read(ROWS), f"{features}:{model}", model=POOLED[there])
    no_model()
    oracle = ByHand(model)
    for name in ("perplexity", "el2n"):
        expected = [oracle.score(oracle.tokens(messages(row)), name)[0] for row in ROWS]
        config = replace(POOLED[now], model=model)
        got = spanset.score(read(ROWS), name, model=config, transform="identity")
        np.testing.assert_allclose(np.abs(got), np.abs(expected), rtol=1e-4)


def test_rows_that_a_store_of_another_pooling_lacks_are_scored_and_no_others(model, passed):
    spanset.represent(read(ROWS[:10]), f"hidden:{model}", model=POOLED["weighted"])
    passed.clear()
    config = replace(CONFIG, model=model)
    got = spanset.score(read(ROWS[:14]), "perplexity", model=config, transform="identity")
    assert sum(passed) == 4
    fresh = [spanset.score(read([row]), "perplexity", model=config, transform="identity")[0]
             for row in ROWS[:14]]  # fmt: skip
    np.testing.assert_allclose(got, fresh, rtol=1e-4)


def test_an_unfinished_store_of_another_pooling_is_not_gone_on_with(model, passed):
    spanset.represent(read(ROWS[:10]), f"hidden:{model}", model=POOLED["weighted"])
    (one,) = cached_stores()
    status = np.load(one.path / "status.npy")
    status[6:] = Status.PENDING
    np.save(one.path / "status.npy", status)
    edit_json(one.path / "manifest.json", complete=False)
    passed.clear()
    spanset.score(read(ROWS[:10]), "perplexity", model=replace(CONFIG, model=model))
    assert sum(passed) == 4
    assert np.array_equal(np.load(one.path / "status.npy"), status)


# Stores with a name


@pytest.mark.parametrize("pooling", OTHERS)
def test_the_hidden_states_in_a_store_of_gradients_are_of_its_pooling(folder, no_model, pooling):
    assert main([*FEATURES, "--pooling", pooling]) == 0
    no_model()
    X = spanset.represent(read("d.jsonl"), "store:s:hidden")
    assert_states(X, "m", ROWS, pooling)
    lengths = np.linalg.norm(
        spanset.represent(read("d.jsonl"), "store:s:hidden", normalize=False), axis=1
    )
    by_hand = np.linalg.norm(states(ByHand("m"), ROWS, pooling), axis=1)
    np.testing.assert_allclose(lengths, by_hand, rtol=HALF)


@pytest.mark.parametrize(
    ("there", "now", "says"),
    [
        (("--pooling", "weighted"), ("--pooling", "last"), "pooling: 'weighted' there, 'last' now"),
        ((), ("--pooling", "last"), "pooling: None there, 'last' now"),
        (("--pooling", "last"), (), "pooling: 'last' there, None now"),
    ],
)
def test_a_store_of_hidden_states_of_another_pooling_is_refused(folder, capsys, there, now, says):
    assert main([*HIDDEN_STORE, *there]) == 0
    write_lines(Path("d.jsonl"), talk_rows(22))
    refused(capsys, *HIDDEN_STORE, *now, says=says)
    assert main([*HIDDEN_STORE, *there]) == 0


@pytest.mark.parametrize(("there", "now"), [("mean", "weighted"), ("last", "mean")])
def test_gradients_beside_hidden_states_of_another_pooling_are_not_added(
    folder, capsys, there, now
):
    assert main([*FEATURES, "--pooling", there]) == 0
    other = (*FEATURES, "--pooling", now)
    refused(capsys, *other, says=f"pooling: '{there}' there, '{now}' now")
    write_lines(Path("d.jsonl"), talk_rows(22))
    refused(capsys, *other, says=f"pooling: '{there}' there, '{now}' now")
    assert main([*other, "--no-hidden"]) == 0, "what is left out has no pooling"


def test_a_shard_is_gone_on_with_in_its_own_pooling(folder, capsys):
    for number, pooling in ((1, "mean"), (2, "weighted")):
        assert main([*FEATURES, "--shard", f"{number}/2", "--pooling", pooling]) == 0
    capsys.readouterr()
    assert main([*FEATURES, "--shard", "1/2", "--pooling", "weighted"]) == 2
    assert "pooling: 'mean' there, 'weighted' now" in " ".join(capsys.readouterr().err.split())
    assert main(["merge", "s"]) == 2
    assert "holds other columns" in capsys.readouterr().err


def test_rows_that_were_put_beside_by_hand_in_another_pooling_are_not_mixed(folder):
    assert main([*FEATURES, "--pooling", "weighted"]) == 0
    Path("s").rename("t")
    write_lines(Path("d.jsonl"), talk_rows(22)[16:])
    assert main([*FEATURES]) == 0
    shutil.move("s", "t/appended-1")
    with pytest.raises(UsageError, match="other settings") as caught:
        spanset.represent(read("d.jsonl"), "store:t:hidden")
    assert "pooling" in caught.value.why
    assert len(spanset.represent(read("d.jsonl"), "store:t")) == 6


# On the command line


def test_a_selection_by_weighted_states_from_the_command_line(folder):
    words = (*PICK, "--pooling", "weighted", "--quality", "perplexity", "--features")
    assert main([*words, "hidden:m", "--run", "r"]) == 0
    X = spanset.represent(read("d.jsonl"), "hidden:m", model=POOLED["weighted"])
    assert_states(X, "m", ROWS, "weighted")
    log_q = spanset.score(read("d.jsonl"), "perplexity", model="m")
    ids = list(map(int, Path("r/ids.txt").read_text().split()))
    assert spanset.select(X, k=5, gamma=2.5, quality=log_q).order.tolist() == ids
    manifest = json.loads(Path("r/manifest.json").read_text())
    assert manifest["features"]["pooling"] == "weighted"
    assert "pooling" not in manifest["quality"]["model"], "scores do not depend on it"

    assert main([*FEATURES, "--pooling", "weighted"]) == 0
    assert (
        main([*PICK, "--quality", "perplexity", "--features", "store:s:hidden", "--run", "t"]) == 0
    )
    same = json.loads(Path("t/manifest.json").read_text())
    assert same["features"] == manifest["features"]
    assert "pooling" not in same["quality"]["model"]
    assert Path("t/ids.txt").read_text() == Path("r/ids.txt").read_text()


def test_a_named_store_of_any_pooling_has_the_scores_of_its_model(folder, no_model):
    assert main([*HIDDEN_STORE, "--pooling", "last"]) == 0
    no_model()
    words = (*PICK, "--features", "store:s", "--quality", "el2n", "--model", "m")
    assert main([*words, "--run", "r"]) == 0
    settings = json.loads(Path("r/manifest.json").read_text())["features"]
    assert settings["pooling"] == "last"


def test_other_features_pay_no_heed_to_it(folder):
    """As to every setting of a model that makes none."""
    for run, flags in (("a", ()), ("b", ("--pooling", "last", "--text", "all"))):
        assert main([*PICK, "--features", "lexical", *flags, "--run", run]) == 0
    assert Path("a/ids.txt").read_text() == Path("b/ids.txt").read_text()
