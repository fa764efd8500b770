"""Statistics against values that scipy computed (1.x: binomtest, fisher_exact, mannwhitneyu, …)."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.policy import distributions, sample_sizes, statistics
from agent_os.policy.statistics import Z90


@pytest.mark.parametrize(
    ("hits", "samples", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 5, 0.0, 0.349771),
        (3, 3, 0.527278, 1.0),
        (7, 10, 0.442419, 0.8728),
        (41, 50, 0.715341, 0.89199),
        (1, 100, 0.002242, 0.043425),
        (180, 1000, 0.160942, 0.200775),
    ],
)
def test_wilson(hits: int, samples: int, low: float, high: float) -> None:
    assert statistics.wilson(hits, samples, Z90) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((3, 3, 0, 3), 0.05),
        ((8, 10, 2, 10), 0.01150706878),
        ((5, 20, 1, 60), 0.003224623478),
        ((0, 5, 2, 5), 1.0),
        ((40, 400, 20, 400), 0.005119214358),
        ((2, 2, 0, 40), 0.001161440186),
    ],
)
def test_fishers_exact_test(table: tuple[int, int, int, int], p: float) -> None:
    assert statistics.fisher(*table) == pytest.approx(p, rel=1e-8)


@pytest.mark.parametrize(
    ("values", "before", "p"),
    [
        ([10, 12, 13], [1, 2, 3], 0.05),
        ([5.1, 7.2, 8.4, 9.9], [4.0, 5.0, 6.0, 7.0, 3.3], 0.03174603175),
        ([1, 3, 5, 7], [2, 4, 6, 8], 0.7571428571),
        ([2, 2, 3], [1, 1, 2], 0.15),
        ([5, 5, 6, 7], [4, 5, 5, 3, 2], 0.04761904762),
        ([1, 1, 1], [1, 1, 1], 1.0),
        (range(20, 60), range(40), 3.978476281e-09),
        ([1, 1, 2, 3] * 10, [1, 2, 2, 4] * 10, 0.9795325787),
        ([], [1.0], 1.0),
    ],
)
def test_mann_whitney(values: Sequence[float], before: Sequence[float], p: float) -> None:
    """The exact ones with ties are scipy's ranks over all permutations."""
    assert statistics.mann_whitney(values, before) == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize(
    ("share", "freedom", "t"),
    [
        (0.95, 1, 6.31375151),
        (0.95, 2, 2.91998558),
        (0.95, 7.5, 1.87574748),
        (0.975, 30, 2.04227246),
        (0.95, 1000, 1.64637882),
    ],
)
def test_students_t(share: float, freedom: float, t: float) -> None:
    assert distributions.t_quantile(share, freedom) == pytest.approx(t, rel=1e-8)
    assert distributions.t_below(-t, freedom) == pytest.approx(1 - share, rel=1e-8)


@pytest.mark.parametrize(
    ("a", "b", "x", "share"),
    [
        (1, 1, 0.3, 0.3),
        (2, 5, 0.1, 0.114265),
        (50, 3, 0.9, 0.09663328514),
        (400, 600, 0.41, 0.7414814535),
        (0.5, 0.5, 0.2, 0.2951672353),
        (2, 2, 0, 0),
        (2, 2, 1, 1),
    ],
)
def test_the_incomplete_beta(a: float, b: float, x: float, share: float) -> None:
    assert distributions.incomplete_beta(a, b, x) == pytest.approx(share, rel=1e-8)


@pytest.mark.parametrize(
    ("shares", "interval"),
    [
        ((8, 10, 2, 10), (0.234556, 0.785596)),
        ((41, 50, 30, 50), (0.071253, 0.356444)),
        ((0, 4, 4, 4), (-1.0, -0.431406)),
        ((0, 0, 4, 4), (-1.0, 1.0)),
    ],
)
def test_the_difference_of_shares(
    shares: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    assert statistics.difference(*shares) == pytest.approx(interval, abs=1e-6)


def test_means() -> None:
    values, before = [1.0, 2.0, 2.5, 9.0], [0.5, 1.5, 0.7]
    assert statistics.mean_interval(values) == pytest.approx((-0.654817494, 7.904817494))
    welch = statistics.mean_difference(values, before)
    assert welch == pytest.approx((-1.522589107, 6.972589107))
    assert statistics.mean_interval([1.0]) == (-math.inf, math.inf)
    assert statistics.mean_difference([1.0, 1.0], [3.0, 3.0]) == (-2.0, -2.0)


def test_quantiles() -> None:
    assert statistics.quantile([3, 1, 4, 1, 5, 9, 2, 6], 0.9) == pytest.approx(6.9)
    thirty = list(map(float, range(1, 31)))
    assert statistics.quantile_interval(thirty, 0.5) == (11, 20)
    assert statistics.quantile_interval(thirty, 0.9) == (24, 30)
    assert statistics.quantile_interval(thirty[:5], 0.5) == (1, 5)
    assert statistics.quantile_interval(thirty[:4], 0.5) == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="nothing"):
        statistics.quantile([], 0.5)


def test_a_ratio_of_equal_wholes_is_a_mean() -> None:
    values = [0.2, 0.4, 0.9, 0.1]
    ratio = statistics.ratio_interval(values, [1.0] * 4)
    assert ratio == pytest.approx(statistics.mean_interval(values))
    assert statistics.ratio_interval(values, [0.0] * 4) == (-math.inf, math.inf)


@given(st.integers(1, 400), st.data())
def test_an_interval_holds_its_share_and_shrinks_with_samples(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = statistics.wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    wider = statistics.wilson(hits * 4, n * 4)
    assert wider[1] - wider[0] < high - low


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher_sees_less_in_fewer_hits(n: int, m: int, data: st.DataObject) -> None:
    hits, before = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, m))
    p = statistics.fisher(hits, n, before, m)
    assert 0 < p <= 1
    assert statistics.fisher(hits + 1, n, before, m) <= p + 1e-9


def _seen(now: float, before: float, samples: int, chance: random.Random) -> bool:
    hits, old = (sum(chance.random() < p for _ in range(samples)) for p in (now, before))
    return statistics.fisher(hits, samples, old, samples) < sample_sizes.LEVEL


def test_as_many_samples_as_are_told_see_the_difference() -> None:
    """The count is what it says: four of five comparisons see it, one of twenty sees nothing."""
    samples, chance = sample_sizes.for_shares(0.9, 0.6), random.Random(5)
    assert 20 <= samples <= 35
    seen = sum(_seen(0.9, 0.6, samples, chance) for _ in range(300)) / 300
    false = sum(_seen(0.9, 0.9, samples, chance) for _ in range(300)) / 300
    # The exact test is a little careful: it asks for somewhat more than the approximation says.
    assert 0.65 < seen < 0.95 and false <= 0.05


def test_sample_sizes_are_bounded() -> None:
    assert sample_sizes.for_shares(0.5, 0.5) == sample_sizes.ENDLESS
    assert sample_sizes.for_shares(0.0, 1.0) == 3
    assert sample_sizes.for_shares(0.5, 0.5001) == sample_sizes.ENDLESS
    assert sample_sizes.for_means([1.0], 1.0) == sample_sizes.ENDLESS
    assert sample_sizes.for_means([1.0, 3.0], 0.0) == sample_sizes.ENDLESS
    # Two sides that spread by 1 and lie 1 apart: 2 · (1.645 + 0.842)² = 12.4.
    assert sample_sizes.for_means([-1.0, 0.0, 1.0], 1.0) == 13


def test_one_value_stands_for_one_number_everywhere() -> None:
    """The agents' interval of `policy/quality.py` is this one."""
    from agent_os.domain.health import Trials
    from agent_os.policy import quality

    assert quality.interval(Trials(merged=41, failed=9)) == statistics.wilson(41, 50)
