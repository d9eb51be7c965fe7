"""The threshold that a share of strangers passes, and the curve over all thresholds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from report.acceptance import MOST_POINTS, acceptance_curve, area_under_curve, threshold_of


def scores(n: int, seed: int, centre: float = 0.0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(centre, 1, n).astype(np.float32)


@pytest.mark.parametrize("n", [100, 101, 250])
@pytest.mark.parametrize("share", [0.01, 0.07, 0.29, 0.5, 0.99])
def test_as_many_pass_as_may(n: int, share: float) -> None:
    strangers = scores(n, 1)
    threshold = threshold_of(strangers, share)
    assert threshold is not None
    passed = int((strangers >= np.float32(threshold)).sum())
    assert passed == int(share * n + 1e-9)


def test_of_equal_scores_rather_none_than_too_many_pass() -> None:
    strangers = np.array([0.5] * 10 + [0.1] * 90, np.float32)
    threshold = threshold_of(strangers, 0.05)
    assert threshold is not None
    assert (strangers >= np.float32(threshold)).sum() == 0


@pytest.mark.parametrize(("n", "share"), [(99, 0.01), (0, 0.5), (9, 0.1)])
def test_a_share_of_less_than_one_photo_has_no_threshold(n: int, share: float) -> None:
    assert threshold_of(scores(n, 1), share) is None


@pytest.mark.parametrize("n", [3, 1000])
def test_the_curve_rises_from_none_to_all_in_few_points(n: int) -> None:
    curve = np.array(acceptance_curve(scores(n, 1, 1.0), scores(n, 2)))
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [1, 1]
    assert (np.diff(curve, axis=0) >= 0).all()
    assert len(curve) <= MOST_POINTS


def test_the_area_is_that_of_all_pairs_and_of_the_curve() -> None:
    known, strangers = scores(40, 1, 1.0).round(1), scores(50, 2).round(1)
    pairs = known[:, None] - strangers
    area = area_under_curve(known, strangers)
    assert area == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert area == pytest.approx(np.trapezoid(*np.array(acceptance_curve(known, strangers)).T[::-1]))


def test_who_cannot_be_told_apart_has_half_the_area() -> None:
    assert area_under_curve(np.zeros(3, np.float32), np.zeros(4, np.float32)) == 0.5
