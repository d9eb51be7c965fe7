"""The confidence interval of a measured share, and of the difference of two on the same samples."""

import math


def wilson_interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the bounds in [0, 1] of the score interval for `right` of `n`; `z` = 1.96 is 95%. (0, 1) for n = 0.

    With p = right / n it is (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n). Unlike p ± z √(p(1 - p)/n) it stays
    within [0, 1] and is not empty at 0 of n or n of n. Raises ValueError unless 0 <= right <= n.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22 (1927), 209-212. Compared with six others: R. G. Newcombe, Statistics in Medicine 17
    (1998), 857-872.
    """
    if not 0 <= right <= n:
        raise ValueError(f"{right} of {n} is no share: expected 0 <= right <= n")
    if n == 0:
        return 0.0, 1.0
    p, z2 = right / n, z * z
    middle = p + z2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def paired_interval(only_first: int, only_second: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the bounds in [-1, 1] for the difference of two shares of the same `n` samples, which `only_first` and
    `only_second` of them make; (-1, 1) for n = 0.

    With b and c half a sample more each and n two more, it is d ± z √(b + c - n d²) / n with d = (b - c) / n: Wald's
    interval, which is not empty where the two never differ. Raises ValueError for numbers that are no parts of n.

    Source: A. Agresti, Y. Min, Simple improved confidence intervals for comparing matched proportions, Statistics in
    Medicine 24 (2005), 729-740.
    """
    if min(only_first, only_second) < 0 or only_first + only_second > n:
        raise ValueError(f"{only_first} and {only_second} are no parts of {n}")
    if n == 0:
        return -1.0, 1.0
    b, c, n = only_first + 0.5, only_second + 0.5, n + 2
    d = (b - c) / n
    half = z * math.sqrt(b + c - n * d * d) / n
    return max(-1.0, d - half), min(1.0, d + half)
