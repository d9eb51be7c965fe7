"""Losses with forward and backward, one a file. `base.py` holds the contract."""

from nn.losses.base import Loss, Reduction
from nn.losses.cross_entropy import CrossEntropy
from nn.losses.cross_entropy_of_probabilities import CrossEntropyOfProbabilities
from nn.losses.mse import MSE
from nn.losses.per_column import PerColumn
from nn.losses.squared_error import SquaredError

__all__ = ["MSE", "CrossEntropy", "CrossEntropyOfProbabilities", "Loss", "PerColumn", "Reduction", "SquaredError"]
