"""Hidden states have a narrower kernel than other features, in every command and in Python."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="hidden states need the extra `models`")
pytest.importorskip("transformers", reason="hidden states need the extra `models`")

from tests.features.mean_states import HALF, ROWS, relative, states
from tests.models.by_hand import ByHand
from tests.models.model_folder import FEATURES, SMALL

import spanset
from spanset.cli import main
from spanset.data.reader import read


def gamma_of(*flags):
    run = f"run-{len(list(Path().iterdir()))}"
    words = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--run", run, *SMALL)
    assert main([*words, *flags]) == 0
    return json.loads(Path(run, "manifest.json").read_text())["kernel"]["gamma"]


def test_hidden_states_have_a_narrower_kernel_unless_told_otherwise(folder):
    assert main(list(FEATURES)) == 0
    for flags in (
        ("--features", "hidden:m"),
        ("--features", "hidden", "--model", "m"),
        ("--features", "store:s:hidden"),
    ):
        assert gamma_of(*flags) == 2.5
    assert gamma_of("--features", "hidden:m", "--gamma", "0.25") == 0.25
    for flags in (("--model", "m"), ("--features", "store:s"), ("--features", "lexical")):
        assert gamma_of(*flags) == 0.25


def test_the_manifest_names_hidden_states_as_the_features(folder):
    assert main(list(FEATURES)) == 0
    for number, features in enumerate(("hidden:m", "store:s:hidden")):
        words = ("select", "d.jsonl", "-k", "3", "--draws", "0", "--features", features)
        assert main([*words, "--run", f"r{number}"]) == 0
    one, other = (json.loads(Path(f"r{n}/manifest.json").read_text())["features"] for n in range(2))
    assert one["kind"] == "hidden"
    assert one == other


def test_python_and_the_command_line_pick_the_same(folder):
    words = ("select", "d.jsonl", "-k", "5", "--draws", "0", "--features", "hidden:m", "--run", "r")
    assert main(list(words)) == 0
    ids = list(map(int, Path("r/ids.txt").read_text().split()))
    data = read("d.jsonl")
    picks = spanset.select(data, k=5, features="hidden:m")
    assert picks.order.tolist() == ids
    X = spanset.represent(data, "hidden:m")
    assert np.array_equal(picks.gains, spanset.select(X, k=5, gamma=2.5).gains)
    assert not np.allclose(picks.gains, spanset.select(X, k=5, gamma=0.25).gains, rtol=0.1)


def test_measuring_hidden_states_takes_their_gamma_too(folder, capsys):
    capsys.readouterr()
    words = ("measure", "d.jsonl", "--json", "--draws", "1", "--metrics", "ldd")
    for flags, gamma in (
        (("--features", "hidden:m"), 2.5),
        (("--features", "lexical"), 0.25),
        (("--features", "hidden:m", "--gamma", "1"), 1.0),
    ):
        assert main([*words, *flags]) == 0
        assert json.loads(capsys.readouterr().out)["kernel"]["gamma"] == gamma
    data = read("d.jsonl")
    measured = spanset.measure(data, features="hidden:m", metrics=["ldd"], draws=1)
    by_hand = spanset.measure(
        spanset.represent(data, "hidden:m"), metrics=["ldd"], draws=1, gamma=2.5
    )
    assert measured["ldd"].value == by_hand["ldd"].value


def test_lengths_count_where_they_are_asked_for(folder):
    words = ("select", "d.jsonl", "-k", "5", "--draws", "0", "--features", "hidden:m")
    more = ("--no-normalize", "--gamma", "0.01", "--run", "r")
    assert main([*words, *more]) == 0
    ids = list(map(int, Path("r/ids.txt").read_text().split()))
    X = spanset.represent(read("d.jsonl"), "hidden:m", normalize=False)
    assert relative(X, states(ByHand("m"), ROWS)) < HALF
    assert spanset.select(X, k=5, normalize=False, gamma=0.01).order.tolist() == ids
