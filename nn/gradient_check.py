"""Compare `backward` with finite differences of `forward`: for tests of a new layer or loss.

Each coordinate needs two forward passes, so of large tensors a random sample of the coordinates is compared.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.layers import Layer
from nn.losses import Loss


def layer_errors(
    layer: Layer, x: Tensor, *, generator: Generator, step: float = 1e-6, at_most: int = 100
) -> dict[str, float]:
    """Return the relative error of the gradient of x, named "input", and of each parameter, all float64.

    The function differentiated is L = sum(r * y) with random r. A right gradient has an error below 1e-6, a wrong one
    usually above 1e-2. Of each tensor `at_most` coordinates are compared, drawn at random. The layer's generators are
    reset before every forward; its gradients are cleared. LayerError if a tensor is not float64.
    """
    x, r = _float64("x", x).clone(), torch.randn(layer.forward(x).shape, generator=generator, dtype=x.dtype)
    states = [(g, g.get_state()) for g in layer.generators().values()]

    def value() -> float:
        for own, state in states:
            own.set_state(state)
        return float((r * layer.forward(x, training=True)).sum())

    parameters = layer.parameters()
    for parameter in parameters.values():
        parameter.grad = None
    value()
    pairs = {"input": (x, layer.backward(r))}
    for name, parameter in parameters.items():
        missing = torch.zeros_like(parameter.value)
        pairs[name] = (_float64(name, parameter.value), missing if parameter.grad is None else parameter.grad)
        parameter.grad = None
    return {name: _error(value, tensor, slope, step, at_most, generator) for name, (tensor, slope) in pairs.items()}


def loss_error(
    loss: Loss, y: Tensor, target: Tensor, *, generator: Generator, step: float = 1e-6, at_most: int = 100
) -> float:
    """Return the relative error of a loss's gradient with respect to y (N, outputs), float64; see `layer_errors`."""
    y = _float64("y", y).clone()
    loss.forward(y, target)
    dy = loss.backward()
    return _error(lambda: float(loss.forward(y, target)), y, dy, step, at_most, generator)


def _error(
    value: Callable[[], float], tensor: Tensor, slope: Tensor, step: float, at_most: int, generator: Generator
) -> float:
    """Return the largest difference between `slope` and central differences, relative to the largest of either."""
    chosen = torch.randperm(tensor.numel(), generator=generator)[:at_most]
    numeric = torch.tensor([_slope(value, tensor, int(i), step) for i in chosen], dtype=tensor.dtype)
    analytic = slope.flatten()[chosen]
    scale = max(float(numeric.abs().max()), float(analytic.abs().max()))
    return float((numeric - analytic).abs().max()) / scale if scale else 0.0


def _slope(value: Callable[[], float], tensor: Tensor, i: int, step: float) -> float:
    """Return (L(t_i + step) - L(t_i - step)) / (2 step); the tensor is left as it was."""
    at = torch.unravel_index(torch.tensor(i), tensor.shape)
    before = tensor[at].clone()
    tensor[at] = before + step
    above = value()
    tensor[at] = before - step
    below = value()
    tensor[at] = before
    return (above - below) / (2 * step)


def _float64(name: str, tensor: Tensor) -> Tensor:
    if tensor.dtype != torch.float64:
        raise LayerError(
            f"gradient check: {name} is {tensor.dtype}, expected torch.float64: rounding would hide the error"
        )
    return tensor.detach()
