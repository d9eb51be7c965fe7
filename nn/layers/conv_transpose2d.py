"""The adjoint of a convolution, as a layer: from maps back to images (Zeiler et al., 2010, as deconvolution)."""

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.checks import at_least, same_dtype
from nn.initialisers import Initialiser, he, zeros
from nn.kernels.convolution import adjoint, channels_last, correlate, weight_gradient
from nn.kernels.windows import Pair, Windows
from nn.layers.operation import Operation
from nn.parameter import Parameter


class ConvTranspose2d(Operation):
    """y = each x times its kernel, added where its window lies, + b; x (N, channels, H, W), b (outputs,).

    w (channels, outputs, kernel) is that of a Conv2d(outputs, channels) from y's side to x's, whose transposed matrix
    this is. y is (N, outputs, H', W') with H' = stride (H - 1) + kernel - 2 padding + output_padding: of the sizes
    from which that convolution leads to H, all within a stride, `output_padding` picks one. With dy = dL/dy the
    roles are turned round:

        dw = dy correlated with x        db = sum of dy over batch and pixels        dx = dy correlated with w
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        kernel: int | Pair,
        *,
        generator: Generator,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        output_padding: int | Pair = 0,
        initialiser: Initialiser = he,
        bias_initialiser: Initialiser = zeros,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.channels, self.outputs = channels, outputs
        at_least(self, "channels", channels, 1)
        at_least(self, "outputs", outputs, 1)
        self.windows = Windows.of(self, kernel, stride, padding)
        more = (output_padding, output_padding) if isinstance(output_padding, int) else output_padding
        if any(not 0 <= o < s for o, s in zip(more, self.windows.stride, strict=True)):
            raise LayerError(f"{self}: output_padding must be in [0, stride), got {more}, stride {self.windows.stride}")
        self.output_padding = more
        shape = (outputs, channels, *self.windows.kernel)  # as an initialiser counts its inputs
        self.weight = Parameter(channels_last(initialiser(shape, generator, dtype, device).transpose(0, 1)))
        self.bias = Parameter(bias_initialiser((outputs,), generator, dtype, device))

    def __repr__(self) -> str:
        return f"ConvTranspose2d({self.channels}, {self.outputs})"

    def own_parameters(self) -> dict[str, Parameter]:
        """Return `weight` and `bias`."""
        return {"weight": self.weight, "bias": self.bias}

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        w, b = self.weight.value, self.bias.value
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected (N, {self.channels}, H, W)")
        same_dtype(self, x, w)
        y = adjoint(x, w, self._size(x), self.windows).add_(b[:, None, None])
        return y, x

    def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
        return correlate(dy, self.weight.value, None, self.windows)

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor]:
        dw = weight_gradient(x, dy, self.weight.value, self.windows)
        db = dy.sum((0, 2, 3))
        return {"weight": dw, "bias": db}

    def _size(self, x: Tensor) -> Pair:
        """Return the height and width of y, at least 1."""
        (kh, kw), (sh, sw), (ph, pw) = self.windows.kernel, self.windows.stride, self.windows.padding
        height = sh * (x.shape[2] - 1) + kh - 2 * ph + self.output_padding[0]
        width = sw * (x.shape[3] - 1) + kw - 2 * pw + self.output_padding[1]
        if height < 1 or width < 1:
            raise LayerError(f"{self}: from x of the shape {tuple(x.shape)} nothing is left but padding")
        return height, width
