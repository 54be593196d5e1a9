"""A factor in a file: the bytes of one in memory, and no file is left."""

import errno
import os
from functools import partial

import numpy as np
import pytest
from tests.greedy.cases import assert_same, random_case, random_unit

from spanset.base import memory
from spanset.base.errors import SpansetError
from spanset.base.unit_rows import unit_rows
from spanset.greedy import factor_rows, footprint, kept_columns, mixed
from spanset.greedy.blocked import blocked_greedy
from spanset.greedy.budget import TokenBudget
from spanset.greedy.factor_rows import RowsInFile, RowsInMemory
from spanset.greedy.footprint import Footprint, Way
from spanset.greedy.selection import StopReason
from spanset.greedy.textbook import reference_greedy
from spanset.kernels.rbf import RBF


@pytest.fixture
def in_file(monkeypatch, tmp_path):
    """`blocked_greedy` with its factor in a file, a slab of which is seven rows."""
    monkeypatch.setattr(factor_rows, "SLAB", 7)
    monkeypatch.setattr(Footprint, "way", lambda *_, **__: Way(0, 1, holds_features=True))
    yield partial(blocked_greedy, scratch=tmp_path)
    assert not list(tmp_path.iterdir())


def assert_same_bytes(found, expected):
    for name in ("order", "gains", "scores"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name
    assert found.stop_reason is expected.stop_reason
    assert found.smallest_margin == expected.smallest_margin


@pytest.mark.parametrize("is_mixed", [False, True], ids=["float64", "mixed"])
@pytest.mark.parametrize("seed", range(30))
def test_picks_equal_the_loop(in_file, monkeypatch, seed, is_mixed):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 1e-9)  # every block moves columns
    monkeypatch.setattr(mixed, "WITNESSES", 4)
    case = random_case(seed, largest=200)
    expected = reference_greedy(case.X, case.k, case.kernel, **case.arguments)
    for block in (3, 16):
        options = {**case.arguments, "block": block, "mixed": is_mixed}
        assert_same(in_file(case.X, case.k, case.kernel, **options), expected)


@pytest.mark.parametrize("dtype", ["float64", "float32", "mixed"])
def test_bytes_over_several_chunks_are_those_of_a_factor_in_memory(in_file, dtype):
    rng = np.random.default_rng(0)
    X = unit_rows(rng.normal(size=(9_001, 24)), "float32" if dtype == "float32" else float)
    options = {"log_quality": rng.normal(size=9_001), "quality_weight": 0.2}
    options |= {"given": X[:40] + 0.01, "mixed": dtype == "mixed"}
    expected = blocked_greedy(X, 300, RBF(), **options)
    for workers in (1, 2):
        assert_same_bytes(in_file(X, 300, RBF(), **options, workers=workers), expected)


@pytest.mark.parametrize("is_mixed", [False, True])
def test_columns_move_over_several_chunks_with_their_bytes(in_file, monkeypatch, is_mixed):
    monkeypatch.setattr(kept_columns, "SPENT_SHARE", 0.01)
    rng = np.random.default_rng(4)
    X = np.repeat(random_unit(rng, 2_500, 12), 4, axis=0)[rng.permutation(10_000)]
    expected = blocked_greedy(X, 400, RBF(), block=64, mixed=is_mixed)
    assert_same_bytes(in_file(X, 400, RBF(), block=64, mixed=is_mixed), expected)


def test_the_file_grows_where_a_budget_lasts_longer_than_was_thought(in_file, monkeypatch):
    grown = []
    grow = RowsInFile.grow
    monkeypatch.setattr(RowsInFile, "grow", lambda *a: (grown.append(a[1]), grow(*a))[1])
    rng = np.random.default_rng(1)
    X, counts = random_unit(rng, 900, 16), np.full(900, 1_000)
    first = blocked_greedy(X, 300, RBF()).order
    counts[first] = 1
    budget = TokenBudget(counts, 300)
    found = in_file(X, 900, RBF(), budget=budget)
    assert len(grown) > 1
    assert_same_bytes(found, blocked_greedy(X, 900, RBF(), budget=budget))
    assert found.order.tolist() == first.tolist()


def test_an_interruption_leaves_the_picks_made(in_file):
    X, asked = random_unit(np.random.default_rng(2), 9_000, 16), iter(range(10**6))
    found = in_file(X, 500, RBF(), cancelled=lambda: next(asked) > 40)
    assert found.stop_reason is StopReason.INTERRUPTED
    assert found.order.tolist() == blocked_greedy(X, len(found), RBF()).order.tolist()


def test_it_is_in_a_file_where_memory_does_not_hold_it_and_says_so(monkeypatch, tmp_path):
    X, notes = random_unit(np.random.default_rng(3), 500, 8), []
    options = {"scratch": tmp_path / "new", "on_note": notes.append}
    expected = blocked_greedy(X, 400, RBF(), **options)
    assert not notes
    # The features and a chunk a worker, but not the factor.
    taken = Footprint.of(500, 400, 8, "float64", workers=1)
    monkeypatch.setattr(footprint, "CHUNK", 1)  # a chunk would be larger than this factor
    monkeypatch.setattr(
        memory, "available_bytes", lambda: taken.with_features_there().in_memory - 1
    )
    found = blocked_greedy(X, 400, RBF(), **options, workers=1)
    assert_same_bytes(found, expected)
    assert len(notes) == 1
    assert "larger than memory" in notes[0]
    assert str(tmp_path / "new") in notes[0]


@pytest.mark.parametrize("is_mixed", [False, True])
def test_what_float32_cannot_do_goes_on_in_a_file_in_float64(in_file, is_mixed):
    X = unit_rows(np.sign(random_unit(np.random.default_rng(2), 300, 12)), float)
    expected = blocked_greedy(X, 200, RBF(5_000.0))
    assert_same_bytes(in_file(X, 200, RBF(5_000.0), mixed=is_mixed), expected)


@pytest.mark.parametrize(("code", "says"), [(errno.ENOSPC, "free some"), (errno.EDQUOT, "free")])
def test_a_full_disk_is_told_before_anything_is_computed(monkeypatch, tmp_path, code, says):
    def full(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(SpansetError) as caught:
        RowsInFile(tmp_path, 2**10, 2**20, np.float32)
    assert caught.value.where == str(tmp_path)
    assert "no file of 4.0 GiB" in caught.value.what
    assert says in caught.value.fix
    assert "--scratch DIR" in caught.value.fix
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpansetError, match="--scratch DIR") as caught:
        RowsInFile(tmp_path / "file" / "in", 10, 64, np.float32)
    assert caught.value.where == str(tmp_path / "file" / "in")


class Both:
    """The same asked of rows in memory and in a file, chunks of which are 64 columns."""

    def __init__(self, folder, capacity, columns):
        self.starts = range(0, columns, 64)
        self.rows = [
            RowsInMemory(capacity, columns, np.float64),
            RowsInFile(folder, capacity, columns, np.float64),
        ]

    def make_room(self, t, b):
        for rows in self.rows:
            if rows.capacity < t + b:
                rows.grow(t + b, t)

    def write(self, t, new):
        for rows in self.rows:
            assert sorted(rows.ordered(self.starts)) == list(self.starts)
            for start in self.starts:
                assert rows.read(start, 64, 0, t, room=len(new)).shape == (t + len(new), 64)
                rows.write(start, t, new[:, start : start + 64])

    def squeeze(self, left, t):
        for rows in self.rows:
            rows.squeeze(left, t, self.run)

    def require_equal_rows(self, first, last):
        for start in self.starts:
            one, other = (rows.read(start, 64, first, last) for rows in self.rows)
            np.testing.assert_array_equal(one, other)

    def require_equal_columns(self, columns, t):
        one, other = (rows.gather(columns, t, self.run) for rows in self.rows)
        np.testing.assert_array_equal(one, other)

    def close(self):
        for rows in self.rows:
            rows.close()

    @staticmethod
    def run(task, items):
        return [task(item) for item in items]


@pytest.mark.parametrize("seed", range(20))
def test_a_file_keeps_what_memory_keeps(monkeypatch, tmp_path, seed):
    """Rows written and read in pieces, columns gathered and moved, room added."""
    monkeypatch.setattr(factor_rows, "CHUNK", 64)
    monkeypatch.setattr(factor_rows, "SLAB", 1 + seed % 6)
    rng = np.random.default_rng(seed)
    columns, t = 64 * int(rng.integers(1, 5)), 0
    both = Both(tmp_path, int(rng.integers(1, 9)), columns)
    for _ in range(6):
        new = rng.normal(size=(int(rng.integers(1, 6)), columns))
        both.make_room(t, len(new))
        both.write(t, new)
        t += len(new)
        both.require_equal_rows(*sorted(rng.integers(0, t + 1, 2)))
        both.require_equal_columns(np.sort(rng.permutation(columns)[: rng.integers(1, 64)]), t)
    left = np.sort(rng.permutation(columns)[: columns * 3 // 4])
    both.squeeze(left, t)
    both.require_equal_columns(np.arange(len(left)), t)
    both.close()
