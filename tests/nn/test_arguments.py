"""What may be given and what is left out: limits, and defaults, of which those that torch has too are torch's."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch

from errors import LayerError
from nn import initialisers, schedules
from nn.gradient_check import layer_errors, loss_error
from nn.kernels.toeplitz import toeplitz
from nn.layers import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dropout,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Sigmoid,
    Softmax,
    Tanh,
)
from nn.losses import CrossEntropy
from nn.optimisers import SGD, Adam, AdamW, Muon
from nn.parallel import ALONE
from nn.parameter import Parameter
from nn.training import TrainingSettings, evaluate
from nn.training.early_stopping import EarlyStopping


def defaults(function: Callable[..., Any]) -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }


OURS: dict[Callable[..., Any], dict[str, Any]] = {
    initialisers.uniform: {"low": 0.0, "high": 1.0},
    initialisers.normal: {"s": 1.0},
    layer_errors: {"step": 1e-6, "at_most": 100},
    loss_error: {"step": 1e-6, "at_most": 100},
    toeplitz: {"stride": 1, "padding": 0},
    Sigmoid: {"slope": 1.0},
    Softmax: {"beta": 1.0},
    Tanh: {"slope": 1.0},
    SGD: {"decay_biases": False},
    Adam: {"decay_biases": False},
    AdamW: {"decay_biases": False},
    Muon: {"momentum": 0.95, "weight_decay": 0.1, "decay_biases": False},  # torch's, from 2.9 on
    schedules.Step: {"factor": 0.1},
    schedules.Cosine: {"warm_up": 0, "final": 0.0},
    schedules.OneCycle: {"rise": 0.3, "start": 1 / 25, "final": 1 / 250_000},
    EarlyStopping: {"first_epoch": 1},
    evaluate: {"batch_size": 256},
    TrainingSettings: {
        **{"shuffle": True, "first_epoch": 1, "restore_best": True, "evaluation_batch_size": 256},
        **{"may_diverge": False, "patience": None, "capture": True},
    },
}


@pytest.mark.parametrize("function", OURS)
def test_a_default_is_as_documented(function: Callable[..., Any]) -> None:
    assert defaults(function).items() >= OURS[function].items()


TORCHS: list[tuple[Callable[..., Any], Callable[..., Any], dict[str, str]]] = [
    (BatchNorm, torch.nn.BatchNorm2d, {"momentum": "momentum", "eps": "eps"}),
    (Conv2d, torch.nn.Conv2d, {"stride": "stride", "padding": "padding", "bias": "bias"}),
    (
        ConvTranspose2d,
        torch.nn.ConvTranspose2d,
        {"stride": "stride", "padding": "padding", "output_padding": "output_padding"},
    ),
    (MaxPool2d, torch.nn.MaxPool2d, {"padding": "padding"}),
    (Dropout, torch.nn.Dropout, {"p": "p"}),
    (LeakyReLU, torch.nn.LeakyReLU, {"leak": "negative_slope"}),
    (CrossEntropy, torch.nn.CrossEntropyLoss, {"label_smoothing": "label_smoothing"}),
    (SGD, torch.optim.SGD, {"momentum": "momentum", "nesterov": "nesterov", "weight_decay": "weight_decay"}),
    (Adam, torch.optim.Adam, {"betas": "betas", "eps": "eps", "weight_decay": "weight_decay"}),
    (AdamW, torch.optim.AdamW, {"betas": "betas", "eps": "eps", "weight_decay": "weight_decay"}),
]


@pytest.mark.parametrize(("ours", "theirs", "names"), TORCHS, ids=[ours.__name__ for ours, _, _ in TORCHS])
def test_a_default_that_torch_has_is_torchs(
    ours: Callable[..., Any], theirs: Callable[..., Any], names: dict[str, str]
) -> None:
    own, other = defaults(ours), defaults(theirs)
    assert {name: own[name] for name in names} == {name: other[theirs_name] for name, theirs_name in names.items()}


def test_a_layer_does_not_train_unless_told_to() -> None:
    x = torch.ones(3, 4)
    dropout = Dropout(0.5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(dropout.forward(x), x)
    assert torch.equal(dropout(x), x)


def test_one_process_is_the_first_of_one() -> None:
    assert (ALONE.rank, ALONE.size, ALONE.is_first) == (0, 1, True)


def weights() -> dict[str, Parameter]:
    return {"weight": Parameter(torch.ones(2, 2))}


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


LEAST: list[tuple[str, Callable[[Any], object], Any, Any]] = [  # of what, how it is made, the least, and one below
    ("epochs", lambda n: TrainingSettings(epochs=n, batch_size=1), 0, -1),
    ("batch_size", lambda n: TrainingSettings(epochs=1, batch_size=n), 1, 0),
    ("evaluation_batch_size", lambda n: TrainingSettings(epochs=1, batch_size=1, evaluation_batch_size=n), 1, 0),
    ("patience", EarlyStopping, 1, 0),
    ("weight_decay", lambda x: SGD(weights(), weight_decay=x), 0.0, -1e-9),
    ("momentum", lambda x: SGD(weights(), momentum=x), 0.0, -1e-9),
    ("beta1", lambda x: Adam(weights(), betas=(x, 0.5)), 0.0, -1e-9),
    ("beta2", lambda x: Adam(weights(), betas=(0.5, x)), 0.0, -1e-9),
    ("eps", lambda x: Adam(weights(), eps=x), 0.0, -1e-9),
    ("features", BatchNorm, 1, 0),
    ("momentum", lambda x: BatchNorm(1, momentum=x), 0.0, -1e-9),
    ("eps", lambda x: BatchNorm(1, eps=x), 0.0, -1e-9),
    ("channels", lambda n: Conv2d(n, 1, 1, generator=generator()), 1, 0),
    ("outputs", lambda n: Conv2d(1, n, 1, generator=generator()), 1, 0),
    ("inputs", lambda n: Linear(n, 1, generator=generator()), 1, 0),
    ("outputs", lambda n: Linear(1, n, generator=generator()), 1, 0),
    ("leak", LeakyReLU, 0.0, -1e-9),
    ("p", lambda x: Dropout(x, generator=generator()), 0.0, -1e-9),
    ("label_smoothing", lambda x: CrossEntropy(label_smoothing=x), 0.0, -1e-9),
    ("every", lambda n: schedules.Step(0.1, every=n), 1, 0),
    ("steps", lambda n: schedules.Cosine(0.1, steps=n), 1, 0),
    ("steps", lambda n: schedules.Cosine(0.1, steps=n, warm_up=3), 4, 3),
    ("steps", lambda n: schedules.OneCycle(0.1, steps=n), 2, 1),
    ("rise", lambda x: schedules.OneCycle(0.1, steps=5, rise=x), 0.0, -1e-9),
]
FRACTIONS = {"momentum", "beta1", "beta2", "leak", "p", "label_smoothing", "rise"}


@pytest.mark.parametrize(("name", "make", "least", "below"), LEAST)
def test_the_least_value_is_allowed_and_what_is_below_is_not(
    name: str, make: Callable[[Any], object], least: Any, below: Any
) -> None:
    make(least)
    with pytest.raises(LayerError, match=f"{name} must be"):
        make(below)


@pytest.mark.parametrize(("name", "make"), [(name, make) for name, make, _, _ in LEAST if name in FRACTIONS])
def test_a_fraction_is_below_1(name: str, make: Callable[[Any], object]) -> None:
    make(1 - 1e-9)
    with pytest.raises(LayerError, match=rf"{name} must be in \[0, 1\)"):
        make(1.0)
