"""The networks for digits, made of the layers of `nn`. A further network is a function here."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Generator

from data.mnist.files import CLASSES, SIDE
from mnist.settings import MODELS
from nn.initialisers import Initialiser, fan_in, glorot, he, zeros
from nn.layers import (
    BatchNorm,
    Columns,
    Conv2d,
    Dropout,
    Flatten,
    GradientMeter,
    Layer,
    Linear,
    MapDropout,
    MaxPool2d,
    Permute,
    ReLU,
    Sequential,
    Sigmoid,
)

Activation = Callable[[], Layer]


def softmax_regression(
    generator: Generator, *, initialiser: Initialiser = zeros, bias_initialiser: Initialiser = zeros
) -> Sequential:
    """784 pixels -> 10 logits: no hidden layer, so the weights may start at 0. The loss has the softmax."""
    linear = Linear(
        SIDE * SIDE, CLASSES, generator=generator, initialiser=initialiser, bias_initialiser=bias_initialiser
    )
    return Sequential(Flatten(), linear)


def fully_connected(generator: Generator, *, hidden: int = 256) -> Sequential:
    """784 pixels -> `hidden` sigmoid units -> 10 logits."""
    return Sequential(
        Flatten(),
        Linear(SIDE * SIDE, hidden, generator=generator, initialiser=glorot),
        Sigmoid(),
        Linear(hidden, CLASSES, generator=generator, initialiser=glorot),
    )


def two_convolutions(generator: Generator) -> Sequential:
    """conv 3x3 to 16 maps - ReLU - conv 3x3 to 32 - ReLU - 10 logits; 28 -> 30 -> 28 pixels, no pooling."""
    return Sequential(
        Conv2d(1, 16, 3, padding=2, generator=generator),
        ReLU(),
        Conv2d(16, 32, 3, generator=generator),
        ReLU(),
        Flatten(),
        Linear(32 * SIDE * SIDE, CLASSES, generator=generator, initialiser=glorot),
    )


def one_convolution(
    generator: Generator,
    *,
    maps: int,
    kernel: int,
    activations: Sequence[Activation],
    classes: int,
    hidden: int | None = None,
    convolution: Callable[..., Layer] | None = None,
) -> Sequential:
    """conv kernel x kernel - activation - (`hidden` units - activation) - `classes` units - activation.

    The initial weights are from N(0, 1/m), with m the inputs of a unit. A GradientMeter after the convolution measures
    the gradients that reach it. `convolution(1, maps, kernel, generator=)` makes another first layer than Conv2d.
    """
    convolution = convolution or partial(Conv2d, initialiser=fan_in)
    side = SIDE - kernel + 1
    widths = [maps * side * side, *([] if hidden is None else [hidden]), classes]
    layers: list[Layer] = [convolution(1, maps, kernel, generator=generator), GradientMeter()]
    layers += [activations[0](), Flatten()]
    for (inputs, outputs), activation in zip(pairwise(widths), activations[1:], strict=True):
        layers += [Linear(inputs, outputs, generator=generator, initialiser=fan_in), activation()]
    return Sequential(*layers)


def columns(
    generator: Generator,
    *,
    maps: Sequence[int],
    activation: Activation,
    pool: Callable[[], Layer],
    views: Sequence[Layer | None] = (None,),
    dropout: float = 0.0,
    dropouts: int = 0,
    map_dropout: float = 0.0,
    initialiser: Initialiser = he,
) -> Sequential:
    """32x32 pixels -> for each view of them a column of three 5x5 convolutions -> the columns' maps -> 10 logits.

    A column is conv - activation - pool - conv - activation - pool - conv - activation, 32 -> 28 -> 14 -> 10 -> 5 -> 1
    pixels; its last convolution is a fully connected layer. The first of the `dropouts` is before the logits, a second
    before the last convolution; `map_dropout` drops whole maps after each pooling.
    """

    def column() -> Sequential:
        layers: list[Layer] = []
        for inputs, outputs in pairwise((1, *maps[:2])):
            layers += [Conv2d(inputs, outputs, 5, generator=generator, initialiser=initialiser), activation(), pool()]
            if map_dropout:
                layers.append(MapDropout(map_dropout, generator=generator))
        if dropouts > 1:
            layers.append(Dropout(dropout, generator=generator))
        layers += [Conv2d(maps[1], maps[2], 5, generator=generator, initialiser=initialiser), activation(), Flatten()]
        return Sequential(*layers)

    bottom = column() if list(views) == [None] else Columns(*((column(), view) for view in views))
    layers: list[Layer] = [bottom]
    if dropouts:
        layers.append(Dropout(dropout, generator=generator))
    layers.append(Linear(len(views) * maps[2], CLASSES, generator=generator, initialiser=initialiser))
    return Sequential(*layers)


def turned(side: int) -> list[Layer | None]:
    """Return five views of an image: unchanged, transposed, mirrored left-right, mirrored top-bottom, turned by 90°."""
    places = torch.arange(side * side).view(side, side)
    views = (places.T, places.flip(1), places.flip(0), places.rot90())
    return [None, *(Permute(view.flatten()) for view in views)]


def best(generator: Generator) -> Sequential:
    """Four columns alike, each with ten logits of its own: the probabilities are the mean of those of all.

    Each convolution is followed by batch normalisation, and so needs no bias. There is no dropout, and no column has
    more maps or larger kernels: with these, held-out digits were misread no less often in trials of 8 epochs.
    """

    def conv(inputs: int, outputs: int, kernel: int, padding: int = 0) -> list[Layer]:
        convolution = Conv2d(inputs, outputs, kernel, padding=padding, bias=False, generator=generator)
        return [convolution, BatchNorm(outputs), ReLU()]

    def column() -> Sequential:
        first, *rest = conv(1, 16, 5)
        return Sequential(
            first,  # 28 -> 24 pixels
            MaxPool2d(2),  # at once, as later layers are faster on fewer -> 12
            *rest,
            *conv(16, 32, 3, padding=1),
            *conv(32, 32, 3, padding=1),
            MaxPool2d(2),  # -> 6
            *conv(32, 48, 3, padding=1),
            *conv(48, 48, 3),  # -> 4
            *conv(48, 64, 4),  # -> 1
            Flatten(),
            Linear(64, CLASSES, generator=generator, initialiser=glorot),
        )

    return Sequential(Columns(*((column(), None) for _ in range(MODELS["best"].columns))))


NETWORKS: dict[str, Callable[[Generator], Sequential]] = {
    "softmax": softmax_regression,
    "fc": fully_connected,
    "cnn": two_convolutions,
    "best": best,
}
"""The networks of `train-mnist`, by name; how each is trained is in `settings`."""
