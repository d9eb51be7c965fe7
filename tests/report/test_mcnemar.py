"""McNemar's test and Holm's correction: by hand, and beside scipy."""

import math

import pytest

from report.mcnemar import CHI_SQUARED, EXACT, FEW, holm, mcnemar


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1), (1, 0, 1), (3, 3, 1), (5, 0, 2 / 32), (0, 5, 2 / 32), (1, 7, 2 * (1 + 8) / 256)],
)
def test_few_photos_are_tosses_of_a_coin(only_first: int, only_second: int, p: float) -> None:
    found = mcnemar(only_first, only_second)
    assert found.test == EXACT
    assert found.p == pytest.approx(p)


def test_many_have_the_corrected_chi_squared() -> None:
    found = mcnemar(121, 59)  # (62 - 1)^2 / 180
    assert found.test == CHI_SQUARED
    assert found.p == pytest.approx(math.erfc(math.sqrt(61**2 / 180 / 2)))
    assert mcnemar(15, 15).p == 1  # the correction does not go beyond no difference
    assert mcnemar(0, 10**6).p < 1e-99


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 9), (4, 9), (9, 4), (12, 12), (30, 17), (17, 30), (400, 380)]
)
def test_scipy_finds_the_same(only_first: int, only_second: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    n = only_first + only_second
    if n < FEW:
        expected = stats.binomtest(only_first, n).pvalue
    else:
        expected = stats.chi2.sf((abs(only_first - only_second) - 1) ** 2 / n, 1)
    assert mcnemar(only_first, only_second).p == pytest.approx(expected)


def test_both_tests_nearly_agree_where_one_takes_over() -> None:
    exact, chi_squared = mcnemar(6, FEW - 7), mcnemar(6, FEW - 6)
    assert (exact.test, chi_squared.test) == (EXACT, CHI_SQUARED)
    assert 0.5 < chi_squared.p / exact.p < 1


def test_numbers_below_0_are_no_photos() -> None:
    with pytest.raises(ValueError, match="got -1 and 3"):
        mcnemar(-1, 3)


def test_holm_multiplies_the_smallest_most() -> None:
    assert holm([]) == []
    assert holm([0.03]) == [0.03]
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])  # 0.04 is not below the 0.03 * 2 before it
    assert holm([0.9, 0.8]) == [1, 1]
