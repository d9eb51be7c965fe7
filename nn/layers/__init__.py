"""Layers with forward and backward, one a file. `base.py` holds the contract, `operation.py` enforces it."""

from nn.layers.base import Layer
from nn.layers.conv2d import Conv2d
from nn.layers.dropout import Dropout
from nn.layers.flatten import Flatten
from nn.layers.leaky_relu import LeakyReLU
from nn.layers.linear import Linear
from nn.layers.operation import Operation
from nn.layers.relu import ReLU
from nn.layers.reshape import Reshape
from nn.layers.sequential import Sequential
from nn.layers.sigmoid import Sigmoid
from nn.layers.softmax import Softmax
from nn.layers.tanh import Tanh

__all__ = [
    "Conv2d",
    "Dropout",
    "Flatten",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Operation",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
