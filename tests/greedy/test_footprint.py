"""Memory and disk are estimated before they are taken."""

from types import SimpleNamespace

import numpy as np
import pytest

import spanset
from spanset.base import disk_space, memory
from spanset.base.errors import SpansetError
from spanset.greedy.footprint import Footprint, Way, require_memory

MANY = Footprint.of(2**20, 1024, 64, "float64")  # 8 GiB of factor, 0.5 of features


@pytest.fixture
def room(monkeypatch):
    """Sets the memory that is available, and the room on the disk."""

    def set_to(memory_bytes, disk_bytes):
        monkeypatch.setattr(memory, "available_bytes", lambda: memory_bytes)
        monkeypatch.setattr(
            disk_space.shutil, "disk_usage", lambda _: SimpleNamespace(free=disk_bytes)
        )

    return set_to


def test_the_estimate_is_factor_plus_features_plus_numbers_of_rows():
    assert Footprint.of(1000, 100, 50, "float64").in_memory == 8 * 1000 * (150 + 16)
    assert Footprint.of(1000, 100, 50, "float32").in_memory == 4 * 1000 * (150 + 32)
    with_given = Footprint.of(10, 4, 2, "float64", given=3).in_memory
    assert with_given == 8 * (10 * (7 + 16) + 13 * 2) + 16 * 9


def test_a_mixed_factor_is_half_of_it_and_what_decides_beside():
    whole = Footprint.of(1000, 100, 50, "float64")
    mixed = Footprint.of(1000, 100, 50, "float64", is_mixed=True)
    assert mixed.factor == whole.factor // 2
    assert mixed.features == whole.features // 2
    assert mixed.beside == whole.beside + 8 * (2304 * 100 + 100 * 50)
    assert mixed.dtype == "float32"


def test_what_is_not_held_takes_a_chunk_a_worker():
    one, two = (Footprint.of(10**6, 1000, 64, "float32", workers=workers) for workers in (1, 2))
    assert one.chunks == 4 * 4096 * (1000 + 512)
    assert one.rows == 4096 * 64 * (8 + 4)
    assert (two.chunks, two.rows) == (2 * one.chunks, 2 * one.rows)


def test_the_fastest_way_that_memory_holds_is_taken(room, tmp_path):
    """Features are let go of before the factor goes into a file: they are made again in no time."""
    taken = Footprint.of(2**20, 1024, 1024, "float32", workers=1)  # 4 GiB of each
    whole = taken.in_memory
    lazy = taken.beside + taken.factor + taken.rows
    in_file = taken.beside + taken.features + taken.chunks
    least = taken.beside + taken.rows + taken.chunks
    for available, disk, holds in (
        (whole, 0, True),
        (whole - 1, 0, False),
        (lazy, 0, False),
        (lazy - 1, taken.factor, in_file < lazy),
        (least, taken.factor, False),
    ):
        room(available, 2**50)
        way = taken.way(tmp_path)
        assert (way.disk, way.holds_features) == (disk, holds), available
        assert way.memory <= available
    room(least - 1, 2**50)
    with pytest.raises(SpansetError, match="of memory"):
        taken.way(tmp_path)


def test_what_cannot_fit_is_refused_with_advice(room):
    room(2**30, 0)
    require_memory(2**30, 2**22, 100, "float64")
    with pytest.raises(SpansetError, match=r"4.0 GiB of memory, 1.0 GiB.*\n.*\n.*float32.*-k 22"):
        require_memory(2**32, 2**22, 118, "float64")


def test_what_memory_holds_needs_no_file(room, tmp_path):
    room(MANY.in_memory, 0)  # to the last byte
    assert MANY.way(tmp_path) == Way(MANY.in_memory, 0, holds_features=True)


def test_what_memory_does_not_hold_goes_into_a_file(room, tmp_path):
    room(8 * 2**30, 8 * 2**30)
    assert MANY.way(tmp_path).disk == MANY.factor
    room(2 * MANY.in_memory, 4 * MANY.factor)
    assert not MANY.way(tmp_path, sharers=2).disk
    assert MANY.way(tmp_path, sharers=4).disk == MANY.factor
    with pytest.raises(SpansetError, match="on disk"):
        MANY.way(tmp_path, sharers=5)


def test_without_a_folder_it_is_refused(room):
    room(8 * 2**30, 2**50)
    with pytest.raises(SpansetError, match=r"8.6 GiB of memory, 8.0 GiB are available"):
        MANY.way(None)


def test_a_disk_with_too_little_room_is_told_with_what_fits_there(room, tmp_path):
    room(2**32, 2**32)
    with pytest.raises(SpansetError) as caught:
        MANY.way(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert "or 8.0 GiB on disk, 4.0 GiB are free" in caught.value.what
    assert "--scratch DIR" in caught.value.fix
    assert "-k 512 fits there" in caught.value.fix


def test_numbers_of_rows_that_memory_does_not_hold_are_refused_whatever_the_disk(room, tmp_path):
    room(2**26, 2**50)
    with pytest.raises(SpansetError, match="of memory"):
        MANY.way(tmp_path)


def test_a_selection_that_cannot_fit_is_refused_before_it_starts(room):
    room(1000, 2**50)
    with pytest.raises(SpansetError, match="memory"):
        spanset.select(np.eye(100), k=50)
