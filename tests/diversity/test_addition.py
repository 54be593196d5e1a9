"""What new data add: residuals and equivalent sizes against determinants and by hand."""

import numpy as np
import pytest

from spanset.base.unit_rows import unit_rows
from spanset.diversity.addition import MORE_OF_THE_SAME, additions
from spanset.diversity.ldd import equivalent_size
from spanset.diversity.matched import MeasuredData
from spanset.diversity.reference import SphereReference, sphere
from spanset.diversity.volume import Volume
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF

KERNEL = RBF(0.25)


def volume(n):
    return Volume(n, KERNEL, SphereReference(), "float64")


def span(*parts):
    """Sum of the gains of all rows, part after part, by the textbook loop."""
    rows = [unit_rows(part, np.float64) for part in parts]
    return sum(
        reference_greedy(
            part, len(part), KERNEL, given=np.concatenate(rows[:i]) if i else None
        ).gains.sum()
        for i, part in enumerate(rows)
    )


def test_one_new_row_by_hand():
    """Orthogonal to the one current row: k = e^-0.5, residual 1 - e^-1; a copy leaves 0."""
    files = [MeasuredData("copy", np.eye(3)[:1]), MeasuredData("new", np.eye(3)[1:2])]
    found = additions(np.eye(3)[:1], files, volume(1))
    assert [one.name for one in found.files] == ["new", "copy"]
    new, copy = found.files
    assert new.residual_sum == pytest.approx(1.0 - np.exp(-1.0))
    assert (copy.residual_sum, copy.repeated, new.repeated) == (pytest.approx(0.0), 1.0, 0.0)
    assert (new.equivalent, copy.equivalent) == (1, 0)
    assert (found.same, found.current_equivalent) == (None, 1)


@pytest.mark.parametrize("seed", range(3))
def test_sizes_are_those_of_the_rows_together(seed):
    current, a, b = sphere(80, 12, seed), sphere(40, 12, seed + 10), sphere(30, 12, seed + 20)
    b = np.concatenate([b[:15], current[:15]])  # half of it is there already
    found = additions(current, [MeasuredData("b", b), MeasuredData("a", a)], volume(80), seed=seed)
    assert [one.name for one in found.files] == ["a", "b"]
    reference = volume(150).reference_gains(150, 12, seed)

    def size(*parts):
        return equivalent_size(np.array([span(*parts)]), reference)

    first, second = found.files
    assert found.current_equivalent == size(current)
    assert first.equivalent == size(current, a) - size(current)
    assert second.equivalent == size(current, b) - size(current)
    assert second.after_those_above == size(current, a, b) - size(current, a)
    assert second.repeated == pytest.approx(0.5)
    across = KERNEL.block(unit_rows(current, np.float64), unit_rows(b, np.float64))
    inside = KERNEL.block(unit_rows(current, np.float64), unit_rows(current, np.float64))
    left = 1.0 - np.einsum("gi,gi->i", across, np.linalg.solve(inside, across))
    assert second.residual_sum == pytest.approx(left.sum(), abs=1e-6)


def test_more_of_the_same_leaves_as_much_as_rows_of_the_same_kind():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 24))

    def rows(count):
        noise = 0.4 * rng.normal(size=(count, 24))
        return unit_rows(centres[rng.integers(0, 20, count)] + noise, np.float32)

    found = additions(
        rows(500),
        [MeasuredData("like it", rows(100)), MeasuredData("unlike it", sphere(100, 24, 5))],
        volume(500),
    )
    beside = {one.name: one.beside_same for one in found.files}
    assert found.same is not None
    assert (found.same.name, found.same.rows) == (MORE_OF_THE_SAME, 100)
    assert beside["like it"] == pytest.approx(1.0, rel=0.15)
    assert beside["unlike it"] > 2
    assert found.files[0].name == "unlike it"


def test_the_order_of_the_files_changes_nothing():
    current = sphere(60, 8, 0)
    files = [MeasuredData(str(i), sphere(20 + 5 * i, 8, i + 1)) for i in range(4)]
    one = additions(current, files, volume(60))
    other = additions(current, files[::-1], volume(60))
    assert one == other


def test_a_file_of_repetitions_has_a_large_sum_but_adds_little():
    current = sphere(50, 16, 0)
    repeated = MeasuredData("one row", np.repeat(sphere(1, 16, 1), 60, axis=0))
    varied = MeasuredData("many", sphere(30, 16, 2))
    found = additions(current, [repeated, varied], volume(60))
    many, one = found.files
    assert (many.name, one.name) == ("many", "one row")
    assert one.residual_sum > many.residual_sum
    assert one.equivalent is not None
    assert one.equivalent <= 2


def test_beyond_the_reference_a_size_is_not_known(monkeypatch):
    monkeypatch.setattr("spanset.diversity.addition.LONGEST", 10)
    found = additions(sphere(40, 16, 0), [MeasuredData("a", sphere(9, 16, 1))], volume(40))
    assert found.current_equivalent is None
    assert found.files[0].equivalent is None
