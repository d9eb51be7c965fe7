"""Whether two classifiers asked about the same photos differ by more than chance: McNemar's test; Holm's correction.

Photos that both got right, or both wrong, say nothing about which is better; of the n = b + c others, b only the first
got right and c only the second. If neither is better, b is the number of heads of n tosses of a fair coin:

    exact:         p = min(1, 2 P(X <= min(b, c))),  X binomial with n and 1/2
    chi-squared:   p = P(chi2_1 >= (max(|b - c| - 1, 0))^2 / (b + c)) = erfc(sqrt(... / 2)),  with Edwards's correction

Each photo counts for itself.

Sources: Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
Psychometrika 12 (1947), 153-157; A. L. Edwards, Note on the "correction for continuity" in testing the significance of
the difference between correlated proportions, Psychometrika 13 (1948), 185-187; T. G. Dietterich, Approximate
statistical tests for comparing supervised classification learning algorithms, Neural Computation 10 (1998), 1895-1923.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

FEW = 25  # photos that one of the two alone got right: with fewer the exact test
EXACT, CHI_SQUARED = "exact binomial", "chi-squared with continuity correction"


class McNemar(NamedTuple):
    """The p value, and which of the two tests it is of."""

    p: float
    test: str


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """Return the two-sided test of b = `only_first` against c = `only_second`. ValueError for numbers below 0."""
    if min(only_first, only_second) < 0:
        raise ValueError(f"expected numbers of photos, got {only_first} and {only_second}")
    n = only_first + only_second
    if n < FEW:
        tail = sum(math.comb(n, k) for k in range(min(only_first, only_second) + 1))
        return McNemar(min(1.0, 2 * tail / 2**n), EXACT)
    chi2 = max(abs(only_first - only_second) - 1, 0) ** 2 / n
    return McNemar(math.erfc(math.sqrt(chi2 / 2)), CHI_SQUARED)


def holm(p: Sequence[float]) -> list[float]:
    """Return the p values of several tests, raised so that with none true the chance to call any of them is kept.

    The k-th smallest of m, counted from 0, is multiplied by m - k; none is below a smaller one's, none above 1.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6
    (1979), 65-70.
    """
    raised, highest = [0.0] * len(p), 0.0
    for k, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        highest = max(highest, min(1.0, (len(p) - k) * p[place]))
        raised[place] = highest
    return raised
