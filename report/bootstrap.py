"""The interval of a share measured on photos of several people: photos of one person are alike, so people are drawn.

An interval that counts each photo for itself is too narrow where whole people are easy or hard; one of people alone
where all of them are alike, such as with no error at all. So the wider of both bounds counts.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from report.interval import paired_interval, wilson_interval

DRAWS = 2000
LEVEL = 0.95


def people_interval(counted: ArrayLike, n: ArrayLike, seed: int) -> tuple[float, float]:
    """Return the bounds of the percentile bootstrap for sum(counted) / sum(n), or Wilson's for so many photos where
    they are wider; (0, 1) with fewer than two people.

    `counted` and `n` (people,) say of how many of each person's photos it is true. As many people as there are, are
    drawn with replacement, `DRAWS` times. The order of the people changes nothing. Raises ValueError unless
    0 <= counted <= n.

    Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    true, of = np.asarray(counted, np.int64), np.asarray(n, np.int64)
    if true.shape != of.shape or (true < 0).any() or (true > of).any():
        raise ValueError("expected for each person 0 <= counted <= n")
    order = np.lexsort((true, of))
    true, of = true[order][of[order] > 0], of[order][of[order] > 0]
    if len(of) < 2:
        return 0.0, 1.0
    low, high = _drawn(true, of, seed)
    alone = wilson_interval(int(true.sum()), int(of.sum()))
    return min(low, alone[0]), max(high, alone[1])


def difference_interval(first: ArrayLike, second: ArrayLike, people: Sequence[str], seed: int) -> tuple[float, float]:
    """Return the bounds for the share of photos that `first` is true of, less that of `second`, both (N,) of the same
    photos: people are drawn as in `people_interval`, each with both answers to all of their photos, or each photo
    counts for itself where that is wider; (-1, 1) with fewer than two people."""
    apart = np.asarray(first, np.int64) - np.asarray(second, np.int64)
    names, person = np.unique(np.asarray(people, np.str_), return_inverse=True)
    if len(names) < 2:
        return -1.0, 1.0
    sums, n = np.bincount(person, apart, len(names)), np.bincount(person, minlength=len(names))
    order = np.lexsort((sums, n))
    low, high = _drawn(sums[order].round().astype(np.int64), n[order], seed)
    alone = paired_interval(int((apart > 0).sum()), int((apart < 0).sum()), len(apart))
    return min(low, alone[0]), max(high, alone[1])


def _drawn(true: NDArray[np.int64], of: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Return the percentiles of sum(true) / sum(of) over draws of people, (people,) each."""
    generator = np.random.default_rng(seed)
    draws = (generator.integers(len(of), size=len(of)) for _ in range(DRAWS))
    shares = [true[drawn].sum() / of[drawn].sum() for drawn in draws]
    low, high = np.quantile(shares, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


def share_of(is_true: ArrayLike, people: Sequence[str], seed: int) -> dict[str, object]:
    """Return `n` photos, for how many it `is_true` as `accepted`, how many `people` they are of, and the `interval`.

    `is_true` and `people` (N,) have a value and a name for each photo.
    """
    chosen = np.asarray(is_true, bool)
    interval = list(people_interval_of(chosen, people, seed))
    return {"n": len(chosen), "accepted": int(chosen.sum()), "people": len({*people}), "interval": interval}


def people_interval_of(is_true: ArrayLike, people: Sequence[str], seed: int) -> tuple[float, float]:
    """Do as `people_interval` does with a value and a name for each photo, (N,)."""
    names, person = np.unique(np.asarray(people, np.str_), return_inverse=True)
    true = np.bincount(person, np.asarray(is_true, bool), len(names)).astype(int)
    return people_interval(true, np.bincount(person, minlength=len(names)), seed)
