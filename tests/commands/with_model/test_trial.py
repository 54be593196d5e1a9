"""`spanset trial`: what it compares, what it leaves out, and how it goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines
from tests.models.model_folder import Child, Moment

import spanset as package
import spanset.trials.trial as training

POOL, ELSEWHERE = make_rows(60), make_rows(14, seed=1)
COMMON = ("--model", "m", "--seeds", "2", "--draws", "2", "--epochs", "1", "--home", "10")
FAST = (*COMMON, "--learning-rate", "1e-3", "--batch-size", "8")
OWN = ("--features", "array:x.npy")
TRIAL = ("trial", "p.jsonl", "-k", "12", "--method", "dpp,kcenter", *OWN, *FAST)


@pytest.fixture
def rows(folder):
    """A pool with features, and rows from elsewhere that no row of it holds."""
    write_lines(folder / "p.jsonl", POOL)
    elsewhere = [{**row, "instruction": f"Tell me {row['output']}"} for row in ELSEWHERE]
    write_lines(folder / "e.jsonl", elsewhere)
    np.save("x.npy", np.random.default_rng(0).normal(size=(len(POOL), 6)))
    return folder


@pytest.fixture
def trial(rows, spanset):
    """Run a trial; the record that is printed."""

    def run(*flags: str, words: tuple[str, ...] = TRIAL):
        ended = spanset.run(*words, *flags, "--json")
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    return run


@pytest.fixture
def trained(monkeypatch):
    """Numbers of rows of each training that was run."""
    made = []
    real = training.tuned

    def counted(model, tokenizer, rows, how, **more):
        made.append(len(rows))
        return real(model, tokenizer, rows, how, **more)

    monkeypatch.setattr(training, "tuned", counted)
    return made


def numbers(record):
    return {name: record[name] for name in ("untuned", "choices", "controls")}


def test_every_choice_stands_beside_random_rows_and_as_many_tokens(trial, trained):
    record = trial("--eval", "e.jsonl")
    assert [one["name"] for one in record["choices"]] == ["dpp", "kcenter"]
    assert record["sets"] == [
        {"group": "home", "unit": "loss", "names": ["home"]},
        {"group": "away", "unit": "loss", "names": ["e"]},
    ]
    controls = {one["name"]: one for one in record["controls"]}
    for one in record["choices"]:
        assert one["rows"] == 12
        assert one["trainings"] == 2
        assert controls[one["control_of_rows"]]["name"] == "random, 12 rows"
        near = controls[one["control_of_tokens"]]["supervised_tokens"]
        assert near == pytest.approx(one["supervised_tokens"], rel=0.1)
        for group in ("home", "away"):
            found = one["groups"][group]
            for name in ("to_random_rows", "to_as_many_tokens"):
                interval = found[name]
                assert interval["low"] < interval["difference"] < interval["high"]
            means = controls["random, 12 rows"]["means"][group]
            expected = found["mean"] - np.mean(means)
            assert found["to_random_rows"]["difference"] == pytest.approx(expected)
            assert found["mean"] < record["untuned"][group], "it learned something"
    assert len(record["home_rows"]) == 10
    assert record["pool"] == 50
    # Draws of as many rows and of as many tokens may be the same.
    assert 2 * 2 + 2 <= len(trained) <= 2 * 2 + 2 * len(record["controls"])
    assert json.loads(Path("spanset-trial/trial.json").read_text())["choices"] == record["choices"]


def test_choices_are_those_of_select_among_rows_that_are_not_held_out(rows, trial, spanset):
    record = trial("--eval", "e.jsonl")
    held = set(record["home_rows"])
    kept = [number for number in range(len(POOL)) if number not in held]
    write_lines(Path("rest.jsonl"), [POOL[number] for number in kept])
    np.save("rest.npy", np.load("x.npy")[kept])
    words = ("rest.jsonl", "-k", "12", "--features", "array:rest.npy", "--draws", "0")
    assert spanset.run("select", *words, "--run", "r").code == 0
    picked = [kept[int(line)] for line in Path("r/ids.txt").read_text().split()]
    files = [json.loads(path.read_text()) for path in Path("spanset-trial/cells").iterdir()]
    chosen = [one["rows"] for one in files if "stop_reason" in one]
    assert picked in chosen


def test_the_same_command_again_trains_nothing_and_tells_the_same(trial, trained):
    first = trial()
    trained.clear()
    again = trial()
    assert trained == []
    assert numbers(again) == numbers(first)


@pytest.mark.parametrize("moment", [3, 6])
def test_a_trial_that_is_killed_goes_on_and_tells_the_same(rows, trial, moment):
    expected = trial("--out", "whole")
    child = Child(*TRIAL, moment=Moment("replace", moment))
    child.end(120)
    done = len(list(Path("spanset-trial/cells").glob("*.json")))
    assert 0 < done < len(list(Path("whole/cells").glob("*.json")))
    assert numbers(trial()) == numbers(expected)


def test_shards_do_their_part_and_the_command_without_one_gathers(rows, trial, trained, spanset):
    expected = trial("--out", "whole")
    all_of_them = len(trained)
    trained.clear()
    for part in ("1/2", "2/2"):
        ended = spanset.run(*TRIAL, "--shard", part)
        assert ended.code == 0, ended.err
        assert "without --shard tells" in " ".join(ended.out.split())
    assert len(trained) == all_of_them
    trained.clear()
    assert numbers(trial()) == numbers(expected)
    assert trained == []


def test_more_choices_and_seeds_train_what_is_new(trial, trained):
    trial("--eval", "e.jsonl")
    before = len(trained)
    words = tuple("3" if word == "2" and TRIAL[n - 1] == "--seeds" else word
                  for n, word in enumerate(TRIAL))  # fmt: skip
    record = trial("--eval", "e.jsonl", words=words)
    assert len(trained) - before == 2, "one more training of two choices"
    assert {one["trainings"] for one in record["choices"]} == {3}


def test_rows_that_hold_an_evaluation_row_are_left_out_and_told(rows, spanset):
    said = {"instruction": "Name all the rivers of France, please", "output": "The Loire"}
    planted = [*POOL, said]
    write_lines(Path("p.jsonl"), planted)
    np.save("x.npy", np.random.default_rng(0).normal(size=(len(planted), 6)))
    write_lines(Path("e.jsonl"), [{**planted[-1], "output": "Seine, Loire"}, *ELSEWHERE[:3]])
    ended = spanset.run(*TRIAL, "--eval", "e.jsonl")
    assert ended.code == 0, ended.err
    assert "p.jsonl:61: holds e.jsonl:1" in ended.err
    record = json.loads(Path("spanset-trial/trial.json").read_text())
    told = {one["row"]: one["why"] for one in record["left_out"]}
    assert "holds e.jsonl:1" in told[60]


def test_copies_of_rows_that_are_held_out_are_left_out(rows, trial):
    write_lines(Path("p.jsonl"), [*POOL, *POOL])
    np.save("x.npy", np.random.default_rng(0).normal(size=(2 * len(POOL), 6)))
    record = trial()
    held = {number % len(POOL) for number in record["home_rows"]}
    left_out = {one["row"] for one in record["left_out"]}
    assert left_out
    assert {number % len(POOL) for number in left_out} <= held
    assert record["pool"] == 2 * len(POOL) - 2 * len(held)


def test_choices_that_were_made_before_join_in(rows, trial, spanset):
    compare = ("compare", "p.jsonl", "-k", "12", "--method", "kcenter,facility", *OWN)
    assert spanset.run(*compare, "--out", "compared").code == 0
    select = ("select", "p.jsonl", "-k", "12", *OWN, "--draws", "0")
    assert spanset.run(*select, "--run", "mine").code == 0
    Path("some.txt").write_text("3\n1\n4\n")
    before = ("--candidate", "mine,compared", "--candidate", "some.txt")
    record = trial(*before, words=("trial", "p.jsonl", *FAST))
    sizes = {one["name"]: one["rows"] for one in record["choices"]}
    assert sizes == {"mine": 12, "kcenter": 12, "facility": 12, "some.txt": 3}
    taken = set(map(int, Path("mine/ids.txt").read_text().split()))
    assert not taken & set(record["home_rows"])
    write_lines(Path("p.jsonl"), POOL[:-1])
    for name in ("mine", "compared"):
        spanset.refuses(
            "trial", "p.jsonl", *FAST, "--candidate", name, code=1, where=name,
            says=("other rows",),
        )  # fmt: skip


def test_more_grids_make_single_choices(rows, trial):
    also = ("--also", "--method top --quality output_tokens", "--also", "--method facility")
    record = trial(*also, *OWN, words=("trial", "p.jsonl", "-k", "12", *FAST))
    assert [one["name"] for one in record["choices"]] == ["dpp", "top", "facility"]


def test_settings_come_from_a_file(rows, trial):
    Path("run.toml").write_text(
        '[trial]\ndata = ["p.jsonl"]\nmodel = "m"\nk = ["12"]\nfeatures = ["array:x.npy"]\n'
        'method = ["kcenter"]\nalso = ["--method facility"]\neval = ["e.jsonl"]\nseeds = 1\n'
        "draws = 2\nepochs = 1.0\nhome = 0\n"
    )
    record = trial(words=("trial", "--config", "run.toml"))
    assert [one["name"] for one in record["choices"]] == ["kcenter", "facility"]
    assert [one["group"] for one in record["sets"]] == ["away"]


def test_features_of_another_model_choose_and_no_features_mean_its_own(rows, trial):
    shutil.copytree("m", "other")
    small = ("--rank", "4", "--dimension", "32")
    words = ("trial", "p.jsonl", "-k", "12", *FAST, *small)
    record = trial("--features", "gradient:other,static,hidden", words=words)
    names = [one["name"] for one in record["choices"]]
    assert names == ["dpp, gradient:other", "dpp, static", "dpp, hidden"]
    own = trial(words=words)
    assert own["choices"][0]["name"] == "dpp"
    assert own["choices"][0]["supervised_tokens"] == record["choices"][0]["supervised_tokens"], (
        "the other model is a copy"
    )


def test_questions_are_judged_by_the_share_that_is_right(rows, trial):
    asked = [
        {"question": f"Which is {n}?", "choices": ["river", "tax", "poem"], "answer": n % 3}
        for n in range(12)
    ]
    write_lines(Path("q.jsonl"), asked)
    record = trial("--questions", "q.jsonl")
    assert record["sets"][-1] == {"group": "questions", "unit": "accuracy", "names": ["q"]}
    right = record["untuned"]["questions"] * 12
    assert right == pytest.approx(round(right))


def test_a_dry_run_trains_nothing_and_writes_nothing(rows, trained, spanset):
    ended = spanset.run(*TRIAL, "--eval", "e.jsonl", "--dry-run")
    assert ended.code == 0, ended.err
    for wanted in ("50 rows, and 10 held out", "dpp (12)", "e (", "at most", "about"):
        assert wanted in ended.out
    assert trained == []
    assert not Path("spanset-trial").exists()


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal(rows, spanset, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    ended = spanset.run(*TRIAL, "--eval", "e.jsonl", "--also", "--method facility")
    assert ended.code == 0, ended.err
    assert max(map(len, ended.out.splitlines())) <= width
    for wanted in ("At home", "Away from home: e", "Verdict", "the model as it is", "±"):
        assert wanted in ended.out


def test_the_verb_tells_what_the_command_does(rows, trial):
    record = trial("--eval", "e.jsonl")
    data, elsewhere = package.read("p.jsonl"), package.read("e.jsonl")
    held = set(record["home_rows"])
    rest = np.array([n for n in range(len(POOL)) if n not in held])
    picks = {
        method: rest[package.select(np.load("x.npy")[rest], k=12, method=method).order]
        for method in ("dpp", "kcenter")
    }
    found = package.trial(
        data,
        picks,
        model="m",
        evaluations={"e": elsewhere},
        home=0,
        seeds=2,
        draws=2,
        epochs=1,
        learning_rate=1e-3,
        batch_size=8,
        out="verb",
    )
    expected = {one["name"]: one["groups"]["away"]["mean"] for one in record["choices"]}
    for one in found.record()["choices"]:
        assert one["groups"]["away"]["mean"] == pytest.approx(expected[one["name"]])
    assert found.verdicts.keys() == {"dpp", "kcenter"}


BAD = [
    ("--candidate x", 2, "--model: ", "no model"),
    ("--model m", 2, "-k: ", "neither"),
    ("--model m -k 12 --method random", 2, "--method: ", "random rows are there"),
    ("--model m -k 12 --method magic", 2, "--method: ", "'magic'"),
    ("--model m -k 51", 1, "-k: ", "50"),
    ("--model m -k 12 --home 60", 1, "--home: ", "60 rows"),
    ("--model m -k 12 --home -1", 2, "--home: ", "-1"),
    ("--model m -k 12 --home 0", 2, "--home 0: ", "nothing judges"),
    ("--model m -k 12 --seeds 0", 2, "--seeds: ", "0"),
    ("--model m -k 12 --draws 1", 2, "--draws: ", "do not tell"),
    ("--model m -k 12 --epochs 0", 2, "--epochs: ", "0"),
    ("--model m -k 12 --steps 0", 2, "--steps: ", "0"),
    ("--model m -k 12 --learning-rate 5", 2, "--learning-rate: ", "5"),
    ("--model m -k 12 --batch-size 0", 2, "--batch-size: ", "0"),
    ("--model m -k 12 --warmup 1", 2, "--warmup: ", "1"),
    ("--model m -k 12 --lora 0", 2, "--lora: ", "0"),
    ("--model m -k 12 --quantize 4bit", 2, "--quantize: ", "as they are"),
    ("--model m -k 12 --eval none.jsonl", 1, "none.jsonl: ", "no such file"),
    ("--model m -k 12 --eval-rows 0", 2, "--eval-rows: ", "0"),
    ("--model m -k 12 --eval p.jsonl", 1, "--home: ", "0"),
    ("--model m --candidate some.txt --home 0 --eval p.jsonl", 1, "DATA: ", "no row is left"),
    ("--model m -k 12 --questions p.jsonl", 1, "p.jsonl", "instruction"),
    ("--model m -k 12 --task no_such_task --task-folder m", 2, "no_such_task", ""),
    ("--model m -k 12 --task-folder m", 2, "--task-folder: ", "goes with --task"),
    ("--model m -k 12 --candidate none", 1, "none: ", "no such file"),
    ("--model m -k 12 --candidate beyond.txt", 1, "beyond.txt: ", "no row 60"),
    ("--model m -k 12 --shard 3/2", 2, "--shard: ", "3/2"),
    ("--model m -k 12 --out p.jsonl", 2, "--out p.jsonl: ", "something else"),
    ("--model m -k 12 --plot figure.pdf", 2, "--plot: ", "no format"),
    ("--model none -k 12", 2, "--model none: ", ""),
    ("--model m -k 12 --also --beauty", 2, "--also", "'--beauty' is no flag"),
    ("--model m -k 12 --also --method", 2, "--also", "no value"),
]


@pytest.mark.parametrize(("words", "code", "where", "says"), BAD, ids=[one[0] for one in BAD])
def test_a_trial_that_cannot_be_meant_is_refused(rows, spanset, trained, words, code, where, says):
    Path("beyond.txt").write_text("60\n")
    Path("some.txt").write_text("3\n")
    home = () if "--home" in words else ("--home", "10")
    spanset.refuses(
        "trial", "p.jsonl", *words.split(), *OWN, *home, code=code, where=where, says=(says,)
    )
    assert trained == []


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(rows, spanset, monkeypatch):
    import spanset.commands.trying.trial_checks as checks

    monkeypatch.setattr(checks, "available_bytes", lambda: 10_000)
    spanset.refuses(
        *TRIAL, code=1, where="--model m: ", says=("does not fit in memory",), fix="--lora"
    )


def test_without_the_extra_it_says_so(rows, spanset, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "trl", None)
    spanset.refuses(*TRIAL, code=2, says=("'trl' is not installed",), fix="spanset[train]")
