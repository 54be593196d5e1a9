"""References: uniform on the sphere with a cache, and other data."""

import numpy as np
import pytest
from scipy.stats import kstest

from spanset.base.errors import DataError
from spanset.cli import main
from spanset.diversity import volume as volume_module
from spanset.diversity.reference import (
    DataReference,
    SphereReference,
    cached_references,
    clear_references,
    reference_folder,
    sphere,
)
from spanset.diversity.volume import Volume
from spanset.kernels.rbf import RBF


@pytest.fixture
def greedy_runs(monkeypatch):
    """Number of greedy runs made."""
    runs = []
    real = volume_module.blocked_greedy

    def counted(*arguments, **settings):
        runs.append(arguments[0].shape)
        return real(*arguments, **settings)

    monkeypatch.setattr(volume_module, "blocked_greedy", counted)
    return runs


def volume(n, folder, **settings):
    return Volume(**{"n": n, "kernel": RBF(0.25), "against": SphereReference(folder)} | settings)


def test_points_are_uniform_on_the_sphere():
    """In three dimensions every coordinate of a uniform point is uniform (Archimedes)."""
    X = sphere(4_000, 3, 7)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1.0, atol=1e-6)
    for column in X.T:
        assert kstest((column + 1) / 2, "uniform").pvalue > 1e-3
    assert not np.array_equal(sphere(10, 3, 7), sphere(10, 3, 8))
    assert np.array_equal(sphere(10, 3, 7), sphere(10, 3, 7))


def test_a_second_call_runs_no_greedy(tmp_path, greedy_runs):
    first = volume(40, tmp_path).reference_gains(60, 8, 1)
    assert greedy_runs == [(60, 8)]
    second = volume(40, tmp_path).reference_gains(60, 8, 1)
    assert greedy_runs == [(60, 8)]
    assert first.tobytes() == second.tobytes()


def test_a_longer_curve_serves_a_shorter_one_with_the_same_bytes(tmp_path, greedy_runs):
    fresh = volume(700, None).reference_gains(2_000, 16, 1)
    volume(1_500, tmp_path).reference_gains(2_000, 16, 1)
    runs = len(greedy_runs)
    assert volume(700, tmp_path).reference_gains(2_000, 16, 1).tobytes() == fresh.tobytes()
    assert len(greedy_runs) == runs
    volume(1_600, tmp_path).reference_gains(2_000, 16, 1)
    assert len(greedy_runs) == runs + 1


@pytest.mark.parametrize(
    "other",
    [
        {"m": 61},
        {"d": 9},
        {"seed": 2},
        {"kernel": RBF(0.3)},
        {"dtype": "float64"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_the_gains_depend_on_names_the_file(tmp_path, other, greedy_runs):
    volume(20, tmp_path).reference_gains(60, 8, 1)
    where = {"m": 60, "d": 8, "seed": 1}
    settings = {name: value for name, value in other.items() if name not in where}
    where |= {name: value for name, value in other.items() if name in where}
    volume(20, tmp_path, **settings).reference_gains(**where)
    assert len(greedy_runs) == 2
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"no array", "objects", "matrix", "infinite"])
def test_a_damaged_file_is_computed_again(tmp_path, damage):
    whole = volume(20, tmp_path).reference_gains(60, 8, 1)
    (path,) = tmp_path.iterdir()
    if isinstance(damage, bytes):
        path.write_bytes(damage)
    else:
        arrays = {
            "objects": np.array([{}], object),
            "matrix": np.eye(3),
            "infinite": np.full(20, np.inf),
        }
        np.save(path, arrays[damage], allow_pickle=damage == "objects")
    assert volume(20, tmp_path).reference_gains(60, 8, 1).tobytes() == whole.tobytes()
    assert np.load(path).tobytes() == whole.tobytes()


def test_without_a_usable_folder_the_curve_is_computed_and_that_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    notes = []
    one = volume(20, tmp_path / "file" / "inside", on_note=notes.append)
    expected = volume(20, None).reference_gains(60, 8, 1)
    assert one.reference_gains(60, 8, 1).tobytes() == expected.tobytes()
    assert len(notes) == 1
    assert "not kept" in notes[0]


def test_the_cache_is_listed_and_cleared(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cached_references() == []
    assert clear_references() == 0
    volume(20, reference_folder()).reference_gains(60, 8, 1)
    assert len(cached_references()) == 1
    assert main(["cache"]) == 0
    assert "1 curves of uniform points" in " ".join(capsys.readouterr().out.split())
    assert main(["cache", "--clear"]) == 0
    assert cached_references() == []


def test_a_data_set_as_reference_gives_the_gains_of_as_many_of_its_rows():
    X = sphere(50, 8, 0)
    reference = Volume(30, RBF(0.25), DataReference(X, "other.jsonl"), "float64")
    gains = reference.reference_gains(50, 8, 3)
    np.testing.assert_allclose(gains, reference.gains(X), atol=1e-12)
    assert len(reference.reference_gains(20, 8, 3)) == 20
    with pytest.raises(DataError, match=r"50 rows, 51 are compared(.|\n)*50 rows or fewer"):
        reference.reference_gains(51, 8, 3)
    with pytest.raises(DataError, match="8 columns, the features have 9"):
        reference.reference_gains(20, 9, 3)
