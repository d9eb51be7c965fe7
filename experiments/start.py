"""The first values of a network as a report's author drew them: normal numbers, of another deviation for each layer."""

from collections.abc import Callable

from torch import Generator

from nn.layers import Conv2d, Linear, Sequential


def started(network: Sequential, deviation: Callable[[Conv2d | Linear], float], generator: Generator) -> Sequential:
    """Draw the weights and the biases of every convolution and linear layer from N(0, deviation(layer)), in place."""
    for layer in network.layers:
        if isinstance(layer, Conv2d | Linear):
            for parameter in filter(None, (layer.weight, layer.bias)):
                parameter.value.normal_(0.0, deviation(layer), generator=generator)
    return network
