"""What the two convolution layers share: kernels, biases, and the checks of both."""

from torch import Tensor

from nn.checks import at_least, images, same_type
from nn.described import in_a_line
from nn.kernels import Windows
from nn.kernels.convolution import channels_last
from nn.layers.operation import Operation
from nn.parameter import Parameter


class Convolution(Operation):
    """A layer with kernels: images (N, channels, H, W) -> (N, outputs, H', W')."""

    weight: Parameter
    bias: Parameter | None

    def __init__(self, channels: int, outputs: int) -> None:
        self.channels, self.outputs = channels, outputs
        at_least(self, "channels", channels, 1)
        at_least(self, "outputs", outputs, 1)

    def __repr__(self) -> str:
        windows: Windows | None = getattr(self, "windows", None)  # none yet in the errors of __init__
        shown = [] if windows is None else windows.in_words((1, 1))
        return in_a_line(type(self).__name__, [str(self.channels), str(self.outputs), *shown])

    def _start(self, weight: Tensor, bias: Tensor | None) -> None:
        """Take the first values of the parameters."""
        self.weight = Parameter(channels_last(weight))
        self.bias = None if bias is None else Parameter(bias)

    def _check(self, x: Tensor) -> None:
        images(self, x, self.channels)
        same_type(self, "x", x, "the weights", self.weight.value)

    def _with_db(self, dw: Tensor, dy: Tensor) -> dict[str, Tensor]:
        """Return dw and, where there is a bias, db."""
        return {"weight": dw} if self.bias is None else {"weight": dw, "bias": dy.sum((0, 2, 3))}
