"""Layers with forward and backward, one a file. `base.py` holds the contract, `operation.py` enforces it."""

from nn.layers.average_pool2d import AvgPool2d
from nn.layers.base import Layer
from nn.layers.batch_norm import BatchNorm
from nn.layers.columns import Columns
from nn.layers.conv2d import Conv2d
from nn.layers.conv_transpose2d import ConvTranspose2d
from nn.layers.dropout import Dropout
from nn.layers.flatten import Flatten
from nn.layers.gradient_meter import GradientMeter
from nn.layers.l2_pool2d import L2Pool2d
from nn.layers.leaky_relu import LeakyReLU
from nn.layers.linear import Linear
from nn.layers.map_dropout import MapDropout
from nn.layers.max_pool2d import MaxPool2d
from nn.layers.operation import Operation
from nn.layers.permute import Permute
from nn.layers.relu import ReLU
from nn.layers.reshape import Reshape
from nn.layers.sequential import Sequential
from nn.layers.sigmoid import Sigmoid
from nn.layers.softmax import Softmax
from nn.layers.tanh import Tanh
from nn.layers.unit_length import UnitLength

__all__ = [
    "AvgPool2d",
    "BatchNorm",
    "Columns",
    "Conv2d",
    "ConvTranspose2d",
    "Dropout",
    "Flatten",
    "GradientMeter",
    "L2Pool2d",
    "Layer",
    "LeakyReLU",
    "Linear",
    "MapDropout",
    "MaxPool2d",
    "Operation",
    "Permute",
    "ReLU",
    "Reshape",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "UnitLength",
]
