"""Features that enter the kernel with their lengths: one matrix for every part of the program."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.base.unit_rows import directions, kernel_rows, rows_as_given
from spanset.cli import main
from spanset.greedy.replay import replay
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.choice import KERNELS, make_kernel

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 6)) * np.exp(RNG.normal(size=(200, 1)))
Y = RNG.normal(size=(220, 6)) * 2


def test_unit_rows_times_lengths_are_the_rows():
    unit, lengths = directions(X, float)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(kernel_rows(unit, lengths, float), X, rtol=1e-13)
    np.testing.assert_allclose(kernel_rows(unit, None, float), unit, rtol=1e-15)
    assert rows_as_given(X, float) is X


@pytest.mark.parametrize("length", [1e-200, 1e160])
def test_a_length_whose_square_is_no_number_is_refused(length):
    bad = X.copy()
    bad[3] *= length
    with pytest.raises(spanset.DataError, match=r"row 3 has the length(.|\n)*scale all features"):
        spanset.select(bad, k=3, normalize=False)
    assert len(spanset.select(bad, k=3)) == 3


def test_a_row_of_zeros_is_refused_with_lengths_too():
    bad = X.copy()
    bad[5] = 0
    for normalize in (True, False):
        with pytest.raises(spanset.DataError, match="row 5 is all zeros"):
            spanset.select(bad, k=3, normalize=normalize)


@pytest.mark.parametrize("name", KERNELS)
def test_select_sees_the_features_as_they_are(name):
    expected = reference_greedy(X, 6, make_kernel(name, unit=False))
    found = spanset.select(X, k=6, kernel=name, normalize=False)
    assert found.order.tolist() == expected.order.tolist()
    given = reference_greedy(X[:100], 20, make_kernel(name, unit=False), given=X[190:])
    found = spanset.select(X[:100], k=20, kernel=name, normalize=False, given=X[190:])
    assert found.order.tolist() == given.order.tolist()
    assert found.stop_reason is given.stop_reason


def test_lengths_change_what_is_picked():
    """Negative control: had they been dropped, these would agree."""
    long, unit = (spanset.select(X, k=5, kernel="linear", normalize=n).order for n in (False, True))
    assert long.tolist() != unit.tolist()
    assert long[0] == np.argmax((X**2).sum(axis=1))


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "d.jsonl", make_rows(200))
    np.save("x.npy", X)
    np.save("given.npy", Y[:9])
    return spanset.read("d.jsonl")


def ids(run):
    return [int(line) for line in (Path(run) / "ids.txt").read_text().split()]


def test_represent_gives_rows_or_directions(files):
    np.testing.assert_allclose(
        spanset.represent(files, "array:x.npy", normalize=False), X, rtol=1e-6
    )
    lexical = (spanset.represent(files, normalize=normalize) for normalize in (True, False))
    np.testing.assert_allclose(*lexical, atol=1e-7)


def test_a_run_selects_and_summarises_by_the_same_matrix(files, capsys):
    words = "select d.jsonl --features array:x.npy -k 12 --no-normalize --kernel arccos1 --json"
    assert main([*words.split(), "--given", "given.npy", "--draws", "2", "--run", "r"]) == 0
    record = json.loads(capsys.readouterr().out)
    kernel = make_kernel("arccos1", unit=False)
    assert record["kernel"] == {"name": "arccos1", "normalize": False}
    expected = reference_greedy(X, 12, kernel, given=Y[:9])
    assert ids("r") == expected.order.tolist()
    rows = [np.random.default_rng([0, draw]).permutation(200)[:12] for draw in range(2)]
    values = [np.log(replay(np.concatenate([Y[:9], X[own]]), kernel)[9:]).sum() for own in rows]
    assert record["sets"][2]["log_det"] == pytest.approx(np.mean(values), rel=1e-4)
    assert record["sets"][1]["log_det"] == pytest.approx(expected.log_det, rel=1e-6)


def test_the_gamma_found_is_recorded_and_what_was_asked_is_kept(files, capsys):
    words = "select d.jsonl --features array:x.npy -k 12 --gamma auto:40 --run"
    assert main([*words.split(), "r"]) == 0
    assert "gamma 0." in capsys.readouterr().err
    kernel = json.loads(Path("r/manifest.json").read_text())["kernel"]
    assert (kernel["name"], kernel["normalize"]) == ("rbf", True)
    assert 'gamma = "auto:40"' in Path("r/config.toml").read_text()
    found = spanset.select(X, k=12, gamma=kernel["gamma"]).order
    assert ids("r") == found.tolist()
    assert spanset.select(X, k=12, gamma="auto:40").order.tolist() == found.tolist()
    assert main([*words.split(), "r2", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kernel"] == "rbf, gamma found for 40 picks"


def test_the_end_of_the_rank_is_said_in_plain_words(files, capsys):
    words = "select d.jsonl --features array:x.npy -k 50 --kernel linear --run r"
    assert main(words.split()) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "after 6 of 50: the kernel's rank is used up" in shown
    np.save("given.npy", Y[:30])
    assert main([*words.split()[:-1], "none", "--given", "given.npy"]) == 1
    assert "leaves nothing for this kernel to tell apart" in capsys.readouterr().err


def test_a_kernel_that_float32_cannot_carry_is_summarised_in_float64(files, capsys):
    words = "select d.jsonl --features array:x.npy -k 20 --json --run"
    for run, more in (("a", ["--kernel", "arccos0"]), ("b", ["--gamma", "1e5"])):
        assert main([*words.split(), run, *more]) == 0
        assert json.loads(capsys.readouterr().out)["sets"][2]["log_det"] is not None


# Measuring


def test_lengths_count_in_volumes_beside_a_reference_with_lengths():
    settings = {"pool": 200, "normalize": False, "gamma": 0.01, "dtype": "float64"}
    settings["reference"] = X[np.random.default_rng(1).permutation(200)]
    # Of equals the first row is picked: another order, nearly the same volume.
    assert spanset.measure(X, **settings).value == pytest.approx(0, abs=5e-3)
    settings["reference"] = 3 * Y
    assert spanset.measure(X, **settings).value > 0.1
    unit = spanset.measure(X, reference=3 * Y, pool=200)
    assert abs(unit.value) < 0.1  # directions of both are uniform: only lengths tell them apart


def test_measures_of_cosines_need_no_reference():
    long, unit = (spanset.measure(X, "vendi", normalize=n).value for n in (False, True))
    assert long == unit
    with pytest.raises(spanset.UsageError, match="unit sphere"):
        spanset.measure(X, ["vendi", "ldd"], normalize=False)


def test_a_subset_is_replayed_with_its_lengths():
    rows = np.arange(30)
    settings = {"kernel": "arccos1", "dtype": "float64", "normalize": False, "draws": 1}
    found = spanset.measure(X, subset=rows, reference=Y, **settings).value
    kernel = make_kernel("arccos1", unit=False)
    drawn = np.sort(np.random.default_rng([0, 1]).permutation(220)[:200])
    reference = reference_greedy(Y[drawn], 30, kernel).gains
    floored = [np.log(np.maximum(g, np.exp(-7))).sum() for g in (reference, replay(X[:30], kernel))]
    assert found == pytest.approx((floored[0] - floored[1]) / 30, abs=1e-5)


@pytest.mark.parametrize("name", KERNELS)
def test_copies_raise_the_distance_under_every_kernel(name):
    unique = np.random.default_rng(2).normal(size=(240, 300))
    copied = np.concatenate([unique[:120]] * 2)
    settings = {"kernel": name, "dtype": "float64", "pool": 200, "draws": 2}
    plain, raised = spanset.measure({"a": unique, "b": copied}, **settings)
    assert abs(plain.measurements["ldd"].value) < 0.05
    assert raised.measurements["ldd"].value > 1


def test_beyond_the_rank_every_pick_counts_as_the_floor():
    """Linear in 6 dimensions: 6 gains, then e^-7 for data and reference alike; drop stops there."""
    settings = {"kernel": "linear", "n": 100, "pool": 160, "draws": 1}
    found = spanset.measure(X, ["ldd", "ldd:drop", "floor-share"], **settings)
    assert found["floor-share"].value == pytest.approx(0.94)
    six = spanset.measure(X, "ldd", **{**settings, "n": 6}).value
    assert found["ldd:drop"].value == pytest.approx(six, abs=1e-4)
    assert found["ldd"].value == pytest.approx(six * 6 / 100, abs=1e-4)


def test_what_new_data_add_is_a_share_of_their_own_length(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, rows in (
        ("now", X),
        ("new", Y),
        ("same", X[:50]),
        ("all", np.concatenate([X, Y, 2 * Y])),
    ):
        np.save(f"{name}.npy", rows)
    words = "measure new.npy same.npy --given now.npy --kernel arccos1 --no-normalize --json"
    assert main([*words.split(), "--reference", "all.npy", "-n", "100"]) == 0
    files = {one["name"]: one for one in json.loads(capsys.readouterr().out)["additions"]["files"]}
    assert 0 < files["new"]["mean_residual"] < 1
    assert files["same"]["mean_residual"] < files["new"]["mean_residual"]
