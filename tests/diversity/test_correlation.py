"""Correlation with scores, by hand and against scipy."""

import runpy

import numpy as np
import pytest
from scipy import stats
from tests.places import EXAMPLES

from spanset.diversity.correlation import correlate


def related(n, seed, strength=0.7):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, strength * x + np.sqrt(1 - strength**2) * rng.normal(size=n)


def test_three_points_by_hand():
    """Values 1 2 3, scores 1 3 2: distances to the means -1 0 1 and -1 1 0, so 1 / 2; ranks too."""
    found = correlate("vendi", [1, 2, 3], [1, 3, 2], "higher")
    assert (found.metric, found.n, found.better) == ("vendi", 3, "higher")
    assert found.pearson == pytest.approx(0.5)
    assert found.spearman == pytest.approx(0.5)


def test_a_measure_whose_lower_values_are_better_is_not_turned():
    found = correlate("ldd", [0.3, 0.2, 0.1], [1, 2, 4], "lower")
    assert found.pearson < -0.9
    assert found.spearman == pytest.approx(-1)


@pytest.mark.parametrize("n", [3, 4, 9, 50])
@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scipy(n, seed):
    x, y = related(n, seed)
    found = correlate("m", x, y, "higher", resamples=10)
    assert found.pearson == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert found.spearman == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_tied_values_share_their_mean_rank():
    x, y = [1, 1, 2, 2, 5], [3, 1, 3, 3, 2]
    found = correlate("m", x, y, "higher")
    assert found.spearman == pytest.approx(stats.spearmanr(x, y).statistic)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_intervals_are_those_of_scipy_bootstrap(name):
    """Ends of two bootstraps of 4,000 resamples differ by their Monte Carlo error, about 0.01."""
    x, y = related(25, 0)
    function = stats.pearsonr if name == "pearson" else stats.spearmanr
    found = getattr(correlate("m", x, y, "higher", resamples=4_000), f"{name}_interval")
    peer = stats.bootstrap(
        (x, y),
        lambda a, b: function(a, b).statistic,
        n_resamples=4_000,
        paired=True,
        vectorized=False,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    assert found == pytest.approx((peer.low, peer.high), abs=0.05)


def test_intervals_hold_the_value_and_narrow_with_more_sets():
    few, many = (correlate("m", *related(n, 1), "higher") for n in (8, 200))
    for found in (few, many):
        assert found.pearson_interval[0] < found.pearson < found.pearson_interval[1]
        assert found.spearman_interval[0] < found.spearman < found.spearman_interval[1]
    assert np.ptp(many.pearson_interval) < 0.5 * np.ptp(few.pearson_interval)


def test_resamples_without_a_correlation_are_left_out():
    """Of three points many resamples are one point, three times; two points give -1 or 1."""
    found = correlate("m", [1, 2, 3], [1, 2, 3], "higher")
    assert found.pearson_interval == pytest.approx((1, 1))
    assert found.spearman_interval == pytest.approx((1, 1))


@pytest.mark.parametrize(
    ("x", "y"), [([0.1] * 3, [1, 2, 3]), ([1, 2, 3], [0.1] * 3), ([0, 0, 0], [0, 0, 0])]
)
def test_a_constant_side_has_no_correlation(x, y):
    """The mean of 0.1, 0.1 and 0.1 is not 0.1 in binary: equal values are told by comparison."""
    found = correlate("m", x, y, "higher")
    numbers = [found.pearson, *found.pearson_interval, found.spearman, *found.spearman_interval]
    assert np.isnan(numbers).all()
    assert found.n == 3


def test_sets_without_a_value_are_left_out():
    x, y = related(10, 0)
    found = correlate("m", [*x, np.nan, np.inf], [*y, 1, 2], "higher")
    assert found == correlate("m", x, y, "higher")
    assert found.n == 10


@pytest.mark.parametrize("values", [[], [1], [1, 2], [1, 2, np.nan]])
def test_fewer_than_three_values_have_no_correlation(values):
    found = correlate("m", values, list(range(len(values))), "higher")
    assert np.isnan([found.pearson, *found.spearman_interval]).all()
    assert found.n == np.isfinite(values).sum()


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300, -1e300])
def test_scale_changes_nothing_but_the_sign(scale):
    x, y = related(10, 0)
    found, plain = (correlate("m", values, y, "higher").pearson for values in (scale * x, x))
    assert found == pytest.approx(np.sign(scale) * plain)


def test_a_single_value_far_from_the_rest_overflows_nothing():
    found = correlate("m", [1e308, -1e308, 1, 1 + 1e-15, 1e-320], [1, 2, 3, 4, 5], "higher")
    assert -1 <= found.pearson <= 1
    assert found.spearman == pytest.approx(-0.3)


def test_the_same_seed_gives_the_same_intervals():
    x, y = related(10, 0)
    assert correlate("m", x, y, "higher") == correlate("m", x, y, "higher")
    assert correlate("m", x, y, "higher", seed=1) != correlate("m", x, y, "higher")


def test_the_published_example_prints_what_it_says(capsys):
    """Negative on Alpaca, not on UltraChat."""
    runpy.run_path(str(EXAMPLES / "published_correlation.py"), run_name="__main__")
    _, _, alpaca, ultrachat, *_ = capsys.readouterr().out.splitlines()
    assert alpaca.split()[:3] == ["Alpaca", "14", "-0.82"]
    assert ultrachat.split()[:3] == ["UltraChat", "13", "+0.44"]
