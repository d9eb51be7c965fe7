"""The interval of a share measured on photos of several people: photos of one person are alike, so people are drawn.

An interval that counts each photo for itself is too narrow where whole people are easy or hard; one of people alone
where all of them are alike, such as with no error at all. So the wider of both bounds counts.
"""

import numpy as np
from numpy.typing import ArrayLike

from report.interval import wilson_interval

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
    generator = np.random.default_rng(seed)
    draws = (generator.integers(len(of), size=len(of)) for _ in range(DRAWS))
    shares = [true[drawn].sum() / of[drawn].sum() for drawn in draws]
    low, high = np.quantile(shares, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    alone = wilson_interval(int(true.sum()), int(of.sum()))
    return min(float(low), alone[0]), max(float(high), alone[1])


def share_of(is_true: ArrayLike, people: ArrayLike, seed: int) -> dict[str, object]:
    """Return `n` photos, for how many it `is_true` as `accepted`, how many `people` they are of, and the `interval`.

    `is_true` and `people` (N,) have a value and a name for each photo.
    """
    chosen = np.asarray(is_true, bool)
    names, person = np.unique(np.asarray(people, np.str_), return_inverse=True)
    true, n = np.bincount(person, chosen, len(names)).astype(int), np.bincount(person, minlength=len(names))
    interval = list(people_interval(true, n, seed))
    return {"n": len(chosen), "accepted": int(chosen.sum()), "people": len(names), "interval": interval}
