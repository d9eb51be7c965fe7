"""The linear layer. Its two products are carried out by `nn.kernels.products`."""

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.checks import at_least, same_type
from nn.initialisers import Initialiser, he, zeros
from nn.kernels import RankOneGradient
from nn.kernels.products import affine, weight_gradient
from nn.layers.operation import Operation
from nn.parameter import Parameter


class Linear(Operation):
    """y = x w^T + b for x (N, inputs), w (outputs, inputs), b (outputs,), y (N, outputs).

    With dy = dL/dy:

        dw = dy^T x        db = sum of dy over the batch        dx = dy w

    `weight` starts from `initialiser` (He's, for ReLU), `bias` from `bias_initialiser`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        generator: Generator,
        initialiser: Initialiser = he,
        bias_initialiser: Initialiser = zeros,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.inputs, self.outputs = inputs, outputs
        at_least(self, "inputs", inputs, 1)
        at_least(self, "outputs", outputs, 1)
        self.weight = Parameter(initialiser((outputs, inputs), generator, dtype, device))
        self.bias = Parameter(bias_initialiser((outputs,), generator, dtype, device))

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        w, b = self.weight.value, self.bias.value
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected (N, {self.inputs})")
        same_type(self, "x", x, "the weights", w)
        y = affine(x, w, b)
        return y, x

    def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
        return dy @ self.weight.value

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor | RankOneGradient]:
        dw = RankOneGradient(dy, x) if len(x) == 1 else weight_gradient(dy, x, out=self.weight.spare())
        db = dy.sum(0)
        return {"weight": dw, "bias": db}
