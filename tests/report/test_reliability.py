"""Bins of answers by their probability, and the expected calibration error."""

import numpy as np
import pytest

from report.reliability import BINS, as_json, calibration_error, reliability


def test_every_answer_is_in_one_bin_that_holds_its_probability() -> None:
    probability = np.array([0.0, 0.2, 1 / BINS, 0.999, 1.0])
    bins = reliability(probability, [True] * 5)
    assert sum(each.n for each in bins) == 5
    assert all(each.low <= each.probability <= each.high for each in bins if each.probability is not None)
    assert bins[-1].n == 2


def test_answers_as_often_right_as_said_have_no_error() -> None:
    assert calibration_error(reliability([0.75] * 4, [True, True, True, False])) == pytest.approx(0)


@pytest.mark.parametrize(("said", "error"), [(0.9, 0.4), (0.6, 0.1), (0.25, 0.25)])
def test_the_error_is_how_far_they_are_from_the_share_of_right_answers(said: float, error: float) -> None:
    assert calibration_error(reliability([said] * 4, [True, False, True, False])) == pytest.approx(error)


def test_bins_count_by_their_answers() -> None:
    bins = reliability([0.9] * 30 + [0.2] * 10, [True] * 30 + [True] * 10)
    assert calibration_error(bins) == pytest.approx((30 * 0.1 + 10 * 0.8) / 40)


def test_without_answers_there_is_no_error() -> None:
    assert as_json(reliability([], [])) == {"error": None, "bins": []}
