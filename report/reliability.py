"""Do probabilities mean what they say? Of the answers given with 80%, 80% should be right."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The `n` answers whose probability is from `low` to below `high`; means, None without answers."""

    low: float
    high: float
    n: int
    probability: float | None
    accuracy: float | None


def reliability(probability: ArrayLike, right: ArrayLike) -> list[Bin]:
    """Return `BINS` bins of equal width; `probability` (N,) in [0, 1] is that of each answer, `right` (N,) if it is."""
    said, true = np.asarray(probability, np.float64), np.asarray(right, bool)
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        own = place == number
        means = (float(said[own].mean()), float(true[own].mean())) if own.any() else (None, None)
        bins.append(Bin(number / BINS, (number + 1) / BINS, int(own.sum()), *means))
    return bins


def calibration_error(bins: list[Bin]) -> float | None:
    """Return the expected calibration error: the mean over answers of |accuracy - probability| of their bins.

    None without answers. Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks
    (2017), section 2.
    """
    n = sum(each.n for each in bins)
    if not n:
        return None
    means = ((each.n, each.accuracy, each.probability) for each in bins)
    apart = (count * abs(right - said) for count, right, said in means if right is not None and said is not None)
    return float(sum(apart) / n)


def as_json(bins: list[Bin]) -> dict[str, Any]:
    """Return the bins that have answers, and the error, for metrics.json."""
    return {"error": calibration_error(bins), "bins": [asdict(each) for each in bins if each.n]}
