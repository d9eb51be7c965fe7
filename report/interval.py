"""The confidence interval of a measured share."""

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
