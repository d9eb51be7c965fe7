"""The layers of the NumPy report as its author's code computes them (the repository lguerdan/numpy-CNN, CNN.py).

They stand here and not in `nn`, because none of their backward passes is the gradient of its forward pass; each says
what is wrong with it.
"""

import torch
from torch import Generator, Tensor

from nn.kernels.convolution import window_rows
from nn.layers import Conv2d, LeakyReLU, Sigmoid, Tanh
from nn.parameter import Parameter


class ScrambledConv2d(Conv2d):
    """The convolution, stride 1 and no padding, whose filters are moved by other filters' deltas.

    The deltas dy of an image lie filter by filter, dy[f, p] with p one of the P places of the window. The code takes
    the same F * P numbers place by place, as d[p, f], without turning the table round:

        d[p, f] = dy.flatten()[p F + f]        dw[f] = sum over p of d[p, f] x[p]        right: of dy[f, p] x[p]

    where x[p] is what the window sees of the image. With several places a filter is moved by the deltas of all
    filters, at places that are not theirs, and hardly learns. With one, as in part 2, d = dy, and dw is right.

    The biases' deltas are summed over the filters instead of the places. So each filter keeps the bias that it starts
    with, and all have a further one for each place, `place`, from 0:

        y[f, p] = w[f] x[p] + bias[f] + place[p]        dplace[p] = sum over f of d[p, f]
    """

    def __init__(self, channels: int, outputs: int, kernel: int, *, side: int, generator: Generator) -> None:
        super().__init__(channels, outputs, kernel, generator=generator)
        self.place = Parameter(torch.zeros(self.windows.output(self, side, side)))

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        y, x = super()._forward(x, training)
        return y + self.place.value, x

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor]:
        n, filters, height, width = dy.shape
        d = dy.reshape(n * height * width, filters)
        rows, _ = window_rows(x, self.windows)
        return {
            "weight": (d.T @ rows).view(self.weight.value.shape),
            "place": d.sum(1).view(n, height, width).sum(0),
        }


class PublishedReLU(LeakyReLU):
    """y = max(x, 0), without a leak; dx = dy where y > 0, else leak * dy, though y does not change there."""

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        y = x.clamp(min=0)
        return y, y


class PublishedTanh(Tanh):
    """y = tanh(slope * x); dx = (slope - y^2) dy, which is right for slope 1 alone: for .5 it is negative from
    |y| = .71 on, where y still rises. Right is slope (1 - y^2) dy."""

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        return dy * (self.slope - y * y)


class PublishedSigmoid(Sigmoid):
    """y = 1 / (1 + exp(-slope * x)); dx = slope_before * y (1 - y) dy: network B's backward pass takes the slope of the
    layer before for its two dense layers."""

    def __init__(self, slope: float, slope_before: float) -> None:
        super().__init__(slope)
        self.slope_before = slope_before

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        return super()._backward(dy, y).mul_(self.slope_before / self.slope)
