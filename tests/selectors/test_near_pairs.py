"""All near pairs, by blocks or at once, found again on disk."""

import numpy as np
import pytest
from tests.greedy.cases import random_unit
from tests.selectors.exact_rows import exact_rows

from spanset.base.errors import SpansetError
from spanset.selectors import near_pairs as module
from spanset.selectors.near_pairs import FLOOR, cached_pairs, near_pairs


def all_pairs(X, floor, beside=None):
    """First, second and cosine of all distinct rows at the floor or more, by leaders."""
    parts = X if beside is None else np.concatenate([X, beside], axis=1)
    _, first, inverse = np.unique(parts, axis=0, return_index=True, return_inverse=True)
    leader = first[inverse.ravel()]
    cosines = X.astype(np.float64) @ X.T
    if beside is not None:
        cosines = np.minimum(cosines, beside.astype(np.float64) @ beside.T)
    own = np.unique(leader).tolist()
    pairs = {(a, b): cosines[a, b] for a in own for b in own if a < b and cosines[a, b] >= floor}
    return leader.tolist(), pairs


def as_dict(found):
    return {(int(a), int(b)): float(cosine) for a, b, cosine in found.pairs}


@pytest.mark.parametrize(("block", "width"), [(1024, 2**15), (1, 1), (7, 5), (64, 50), (50, 64)])
@pytest.mark.parametrize("both", [False, True])
def test_no_pair_is_lost_at_the_borders_of_blocks(block, width, both, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(module, "WIDTH", width)
    rng = np.random.default_rng(0)
    X = exact_rows(rng, 150, copies=True)
    beside = exact_rows(rng, 150, copies=True) if both else None
    threshold = 0.2 if both else 0.5
    found = near_pairs(X, threshold, beside)
    leader, pairs = all_pairs(X, threshold, beside)
    assert found.leader.tolist() == leader
    assert as_dict(found) == pairs
    assert len(pairs) > 50
    assert found.floor == threshold


def test_zeros_of_either_sign_are_the_same_features():
    found = near_pairs(np.array([[1.0, 0.0], [1.0, -0.0]]), 0.9)
    assert found.leader.tolist() == [0, 0]


def test_no_row_has_no_pair():
    found = near_pairs(np.zeros((0, 3)), 0.9)
    assert (len(found.leader), len(found.pairs)) == (0, 0)


def test_pairs_are_found_again(monkeypatch):
    X = exact_rows(np.random.default_rng(1), 80)
    found = near_pairs(X, 0.95)
    assert found.floor == FLOOR
    assert [path.suffix for path in cached_pairs()] == [".npy"]

    def refuse(*_):
        raise AssertionError("looked for pairs again")

    monkeypatch.setattr(module, "_found", refuse)
    for threshold in (0.9, 0.99):  # kept from the floor on
        again = near_pairs(X.astype(np.float64), threshold)
        assert as_dict(again) == as_dict(found)
        assert again.leader.tolist() == found.leader.tolist()
    for other in (X[:79], X[::-1], -X):
        with pytest.raises(AssertionError, match="again"):
            near_pairs(other, 0.95)
    with pytest.raises(AssertionError, match="again"):
        near_pairs(X, 0.95, X)
    with pytest.raises(AssertionError, match="again"):
        near_pairs(X, 0.89)


def test_a_lower_threshold_looks_again_and_serves_higher_ones_after():
    X = exact_rows(np.random.default_rng(1), 80)
    near_pairs(X, 0.95)
    low = near_pairs(X, 0.5)
    assert (low.floor, as_dict(low)) == (0.5, all_pairs(X, 0.5)[1])
    assert len(cached_pairs()) == 2
    between = near_pairs(X, 0.7)
    assert as_dict(between) == as_dict(low)


def test_thresholds_that_differ_little_are_told_apart():
    X = np.array([[1.0, 0.0], [0.625, 0.78062475]])
    assert not len(near_pairs(X, 0.6250004).pairs)
    assert len(near_pairs(X, 0.625).pairs) == 1


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other"])
def test_a_damaged_file_is_made_anew(damage):
    X = exact_rows(np.random.default_rng(2), 60)
    found = near_pairs(X, 0.5)
    (path,) = cached_pairs()
    whole = path.read_bytes()
    if damage == "other":
        np.save(path, np.arange(5))
    else:
        path.write_bytes({"cut": whole[:-7], "empty": b"", "text": b"no array"}[damage])
    assert as_dict(near_pairs(X, 0.5)) == as_dict(found)
    assert path.read_bytes() == whole


def test_where_nothing_can_be_kept_pairs_are_found_all_the_same(tmp_path, monkeypatch):
    told = []

    class Told:
        def note(self, text):
            told.append(text)

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    X = exact_rows(np.random.default_rng(2), 60)
    assert as_dict(near_pairs(X, 0.5, watcher=Told())) == all_pairs(X, 0.5)[1]
    assert len(told) == 1
    assert "not kept" in told[0]
    assert cached_pairs() == []


def test_too_many_pairs_raise_the_floor_to_the_threshold(monkeypatch):
    monkeypatch.setattr(module, "FLOOR", 0.3)
    X = exact_rows(np.random.default_rng(3), 100)
    low, high = (len(all_pairs(X, floor)[1]) for floor in (0.3, 0.7))
    monkeypatch.setattr(module, "MOST", high)
    assert high < low
    monkeypatch.setattr(module, "BLOCK", 1)  # so that there are several looks at the number
    found = near_pairs(X, 0.7)
    assert found.floor == 0.7
    assert as_dict(found) == all_pairs(X, 0.7)[1]


def test_too_many_pairs_at_the_threshold_are_refused(monkeypatch):
    X = exact_rows(np.random.default_rng(3), 100)
    monkeypatch.setattr(module, "MOST", len(all_pairs(X, 0.7)[1]) - 1)
    with pytest.raises(SpansetError, match=r"more than .* pairs") as error:
        near_pairs(X, 0.7)
    assert "--threshold" in str(error.value)
    assert cached_pairs() == []


def test_real_numbers_give_the_pairs_of_float64():
    X = random_unit(np.random.default_rng(4), 700, 4)
    found = as_dict(near_pairs(X, 0.9))
    expected = all_pairs(X, 0.9)[1]
    for pair in found.keys() ^ expected.keys():  # on the threshold, but for rounding
        assert X[pair[0]] @ X[pair[1]] == pytest.approx(0.9, abs=8e-6)
    common = found.keys() & expected.keys()
    assert len(common) > 1000
    assert all(abs(found[pair] - expected[pair]) < 8e-6 for pair in common)
