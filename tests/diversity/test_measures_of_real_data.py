"""LDD on public data, as docs/diversity.md claims; see ../shared/data/README.md."""

import tarfile

import numpy as np
import pytest
from scipy.stats import spearmanr
from tests.places import SHARED

import spanset
from spanset.base.unit_rows import unit_rows
from spanset.diversity.ldd import LDD, Extent, ldd_curve
from spanset.diversity.matched import MeasuredData, measure_sets
from spanset.diversity.reference import SphereReference
from spanset.diversity.volume import Volume
from spanset.kernels.rbf import RBF

pytestmark = pytest.mark.slow

DATA = SHARED / "data"
ROWS = 128  # of every mixture
LISTS = 40  # random pairs, and random nested lists
KERNEL = RBF(0.25)


def shared(name):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Lexical features of 128 rows of every T0 template that has as many, and one LDD for all."""
    folder = tmp_path_factory.mktemp("t0")
    with tarfile.open(shared("t0_per_template.tar.gz")) as packed:
        packed.extractall(folder, filter="data")
    data = spanset.read([path for path in sorted(folder.rglob("*.jsonl")) if path.stat().st_size])
    rng = np.random.default_rng(0)
    chosen = [
        rng.permutation(np.flatnonzero(data.source == number))[:ROWS]
        for number in range(len(data.sources))
    ]
    chosen = [rows for rows in chosen if len(rows) == ROWS]
    X = spanset.represent(data[np.concatenate(chosen)])
    volume = Volume(ROWS, KERNEL, SphereReference())
    reference = volume.reference_gains(ROWS, X.shape[1], 0)

    def ldd(rows):
        assert len(rows) == ROWS
        return ldd_curve(volume.gains(rows), reference)[-1]

    return X.reshape(len(chosen), ROWS, -1), ldd


def test_a_mixture_of_two_templates_is_more_diverse_than_its_parts_are_on_average(templates):
    X, ldd = templates
    rng = np.random.default_rng(1)
    mixtures, parts = [], []
    for _ in range(LISTS):
        first, second = rng.choice(len(X), 2, replace=False)
        halves = np.concatenate([X[first, : ROWS // 2], X[second, : ROWS // 2]])
        mixtures.append(ldd(halves))
        parts.append((ldd(X[first]) + ldd(X[second])) / 2)
    assert np.mean(mixtures) < np.mean(parts)
    assert np.mean(np.less(mixtures, parts)) > 0.8


def test_mean_ldd_falls_as_templates_are_added(templates):
    X, ldd = templates
    rng = np.random.default_rng(2)
    counts = [1, 2, 4, 8, 16, 32, 64]
    values = np.empty((LISTS, len(counts)))
    for row in values:
        order = rng.permutation(len(X))[: counts[-1]]
        row[:] = [
            ldd(np.concatenate([X[one, : ROWS // count] for one in order[:count]]))
            for count in counts
        ]
    assert spearmanr(counts, values.mean(axis=0)).statistic <= -0.95


def test_the_matched_value_does_not_depend_on_the_size_of_the_set_and_the_unmatched_one_does():
    X = unit_rows(np.load(shared("alpaca_minilm_384.npy")), np.float32)
    rng = np.random.default_rng(3)
    matched, unmatched, deviations = [], [], []
    volume = Volume(1_000, KERNEL, SphereReference())
    for size in (2_000, 5_000, 10_000, 20_000):
        rows = rng.choice(len(X), size, replace=False)
        (one,) = measure_sets(
            [MeasuredData("part", X[rows])], [LDD(), Extent()], volume, pool=1_600, seed=size
        )
        matched.append(one.measurements["ldd"].value)
        deviations.append(one.measurements["ldd"].deviation)
        unmatched.append(one.measurements["extent"].value)
    spread = 3 * np.sqrt(np.mean(np.square(deviations)))
    assert np.ptp(matched) < spread
    assert (np.diff(unmatched) < -spread).all(), "the same n spans more of a larger set"
