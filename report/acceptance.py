"""Known people told from strangers by a score: the threshold, what it lets pass, and what any other would.

Higher scores are surer of a known person; a score at the threshold or above passes.
"""

import math

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
MOST_POINTS = 200  # of a curve: more are not told apart on a page


def passing(n: int, share: float) -> int:
    """Return how many of `n` photos may pass where at most `share` of them may."""
    return math.floor(share * n + 1e-9)  # .29 * 100 is 28.999...


def threshold_of(strangers: Scores, share: float) -> float | None:
    """Return the lowest threshold that at most `share` of these scores pass; None where that is less than one of them:
    a share so small is not seen on so few."""
    may_pass = passing(len(strangers), share)
    if not 0 < may_pass < len(strangers):
        return None
    highest = np.sort(strangers)[::-1]
    return float(np.nextafter(highest[may_pass], np.float32(np.inf)))  # equal scores do not pass either


def acceptance_curve(known: Scores, strangers: Scores) -> list[tuple[float, float]]:
    """Return points (share of strangers, share of known photos that pass) from (0, 0) to (1, 1), over all thresholds.

    At most `MOST_POINTS`, none empty.
    """
    thresholds = np.unique(np.concatenate([known, strangers]))[::-1]
    if len(thresholds) > MOST_POINTS - 1:
        thresholds = thresholds[np.linspace(0, len(thresholds) - 1, MOST_POINTS - 1).round().astype(int)]
    passing = [
        (1 - np.searchsorted(np.sort(scores), thresholds) / len(scores)).tolist() for scores in (strangers, known)
    ]
    return [(0.0, 0.0), *zip(*passing, strict=True)]


def area_under_curve(known: Scores, strangers: Scores) -> float:
    """Return the probability that a known photo scores above a stranger's, half of it where both are equal."""
    ordered = np.sort(known)
    below, not_above = (np.searchsorted(ordered, strangers, side) for side in ("left", "right"))
    return float(1 - (below + not_above).mean() / (2 * len(known)))
