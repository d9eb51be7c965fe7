"""The mean squared error."""

from torch import Tensor

from nn.losses.base import Loss, as_numbers


class MSE(Loss):
    """A sample's loss is the mean of (y - t)^2 over its outputs; dy = 2 (y - t) / outputs.

    Class indices count as rows of 0 and 1.
    """

    title = "mean squared error"

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, int, Tensor]:
        difference = y - as_numbers(self, target, y)
        outputs = y.shape[1:].numel()
        return difference.square().sum() / outputs, len(y), difference

    def _backward(self, difference: Tensor) -> Tensor:
        outputs = difference.shape[1:].numel()
        return difference * (2 / outputs)
