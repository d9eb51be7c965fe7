"""Half the squared error."""

from torch import Tensor

from nn.losses.base import Loss, as_numbers


class SquaredError(Loss):
    """A sample's loss is 1/2 sum (y - t)^2 over its outputs; dy = y - t. Class indices count as rows of 0 and 1."""

    title = "half the squared error"

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, int, Tensor]:
        difference = y - as_numbers(self, target, y)
        return difference.square().sum() / 2, len(y), difference

    def _backward(self, difference: Tensor) -> Tensor:
        return difference
