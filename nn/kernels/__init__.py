"""Fast products for the layers.

products      the two matrix products of a linear layer
convolution   the three products of a convolution layer
rates         numbers of a step that may be in tensors
windows       kernel, stride and padding, for convolutions and poolings
toeplitz      the convolution as one matrix: for tests and pictures
"""

from nn.kernels.products import RankOneGradient
from nn.kernels.rates import Rate, scaled
from nn.kernels.windows import Pair, Windows

__all__ = ["Pair", "RankOneGradient", "Rate", "Windows", "scaled"]
