"""The activations and their derivatives over their parameters, drawn with the forward and backward of `nn`'s layers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from nn.layers import Layer, LeakyReLU, Sigmoid, Tanh
from report.figures.series import Curve, Panel, series_picture

SLOPES = (0.05, 0.5, 0.7, 1.0)
LEAKS = (0.0, 0.01, 0.05, 0.1)
REACH, POINTS = 10.0, 801  # x from -REACH to REACH


@dataclass(frozen=True, kw_only=True)
class _Family:
    """An activation over its parameter."""

    title: str
    derivative: str
    make: Callable[[float], Layer]
    parameter: str
    values: Sequence[float]
    ylim: tuple[float, float] | None = None


FAMILIES = (
    _Family(title="y = 1 / (1 + exp(−λx))", derivative="y′ = λ y (1 − y)", make=Sigmoid, parameter="λ", values=SLOPES),
    _Family(title="y = tanh(λx)", derivative="y′ = λ (1 − y²)", make=Tanh, parameter="λ", values=SLOPES),
    _Family(
        title="y = max(γx, x)",
        derivative="y′ = 1, γ where x < 0",
        make=LeakyReLU,
        parameter="γ",
        values=LEAKS,
        ylim=(-1.2, 2.4),  # the leaks are told apart; to the right all go on as y = x
    ),
)


def activation_picture() -> bytes:
    """Return a PNG: a column an activation, the functions above their derivatives, a line a value of the parameter."""
    columns = [_panels(family) for family in FAMILIES]
    return series_picture(
        [function for function, _ in columns] + [derivative for _, derivative in columns],
        "Sigmoid, tanh and leaky ReLU, and their derivatives",
        "λ is the slope, γ the leak. The values are those of the layers: forward above, backward below.",
        columns=len(FAMILIES),
    )


def _panels(family: _Family) -> tuple[Panel, Panel]:
    """Return the function and its derivative, which is what comes back for dy = 1."""
    x = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    functions, derivatives = [], []
    for colour, value in enumerate(family.values):
        layer, name = family.make(value), f"{family.parameter} = {value:g}"
        y = layer.forward(x[:, None], training=True)
        dx = layer.backward(torch.ones_like(y))
        functions.append(Curve(name, x.tolist(), y[:, 0].tolist(), colour))
        derivatives.append(Curve(name, x.tolist(), dx[:, 0].tolist(), colour))
    return (
        Panel(family.title, "x", "y", functions, ylim=family.ylim),
        Panel(family.derivative, "x", "y′", derivatives),
    )
