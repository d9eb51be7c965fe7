"""Temperature: probabilities made surer or less sure, all alike, until on validation photos they mean what they say.

p_T = p^(1/T) / sum of p^(1/T). The order of the names stays, so no answer changes. T below 1 makes surer.
Source: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks (2017).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LOWEST, HIGHEST = 0.01, 100.0
_HALVINGS = 50


def tempered(probabilities: Tensor, temperature: float) -> Tensor:
    """Return probabilities (N, classes) at a temperature."""
    return probabilities if temperature == 1 else (probabilities.log() / temperature).softmax(1)


def best_temperature(probabilities: NDArray[np.float32], target: NDArray[np.int64]) -> float:
    """Return the temperature in [LOWEST, HIGHEST] with the lowest cross-entropy; `target` (N,) has the true classes.

    The targets are 1 - 1 / (N + 2) for the true class, and the rest shared by the others: photos without an error do
    not make it infinitely sure. The cross-entropy is convex in 1 / T, so where its slope is 0 is found by halving.
    """
    n, classes = probabilities.shape
    doubt = 1 / (n + 2)
    targets = np.full((n, classes), doubt / (classes - 1))
    targets[np.arange(n), target] = 1 - doubt
    logs = torch.from_numpy(np.log(np.maximum(probabilities, np.finfo(np.float32).tiny), dtype=np.float64))
    wanted = torch.from_numpy(targets).mul(logs).sum()
    low, high = np.log(LOWEST), np.log(HIGHEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_sure = ((logs / np.exp(middle)).softmax(1) * logs).sum() > wanted
        low, high = (middle, high) if too_sure else (low, middle)
    return float(np.exp((low + high) / 2))
