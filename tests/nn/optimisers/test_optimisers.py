"""Every optimiser against torch.optim over ten steps in float64: adding an optimiser adds rows to `CASES`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from errors import LayerError, RunError
from nn.layers import Layer, Linear, Sequential, Tanh
from nn.losses import MSE
from nn.optimisers import SGD, Adam, AdamW, Muon, Optimiser
from nn.optimisers.muon import QUINTIC, orthogonal
from nn.parameter import Parameter

Oracle = Callable[[Iterable[Tensor]], torch.optim.Optimizer]
LRS = [0.1, 0.1, 0.05, 0.2, 0.01, 0.01, 0.3, 0.1, 0.0, 0.1]


@dataclass(frozen=True)
class OptimiserCase:
    """An optimiser as ours and as torch's; torch's decays biases, so ours is told to."""

    name: str
    make: Callable[[dict[str, Parameter]], Optimiser]
    oracle: Oracle


class MuonOfSingularValues(torch.optim.AdamW):
    """Muon for what has two axes, by a decomposition of each step; AdamW for the rest."""

    def __init__(self, parameters: Iterable[Tensor], momentum: float = 0.95, weight_decay: float = 0.1) -> None:
        super().__init__(parameters, weight_decay=weight_decay)
        self.averages: dict[Tensor, Tensor] = {}
        self.momentum, self.decay = momentum, weight_decay

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        lr = self.param_groups[0]["lr"]
        for p in [p for p in self.param_groups[0]["params"] if p.ndim > 1]:
            m = self.momentum * self.averages.get(p, torch.zeros_like(p)) + (1 - self.momentum) * p.grad
            u, s, v = torch.linalg.svd(self.momentum * m + (1 - self.momentum) * p.grad, full_matrices=False)
            a, b, c = QUINTIC
            s = s / s.norm()
            for _ in range(5):
                s = a * s + b * s**3 + c * s**5
            p.mul_(1 - lr * self.decay).sub_(u * s @ v, alpha=lr * 0.2 * max(p.shape) ** 0.5)
            self.averages[p], p.grad = m, None
        return super().step()


CASES = [
    OptimiserCase("sgd", SGD, lambda p: torch.optim.SGD(p)),
    OptimiserCase(
        "sgd, decay",
        lambda p: SGD(p, weight_decay=0.1, decay_biases=True),
        lambda p: torch.optim.SGD(p, weight_decay=0.1),
    ),
    OptimiserCase("sgd, momentum", lambda p: SGD(p, momentum=0.8), lambda p: torch.optim.SGD(p, momentum=0.8)),
    OptimiserCase(
        "sgd, momentum, decay",
        lambda p: SGD(p, momentum=0.8, weight_decay=0.1, decay_biases=True),
        lambda p: torch.optim.SGD(p, momentum=0.8, weight_decay=0.1),
    ),
    OptimiserCase(
        "sgd, nesterov, decay",
        lambda p: SGD(p, momentum=0.8, nesterov=True, weight_decay=0.1, decay_biases=True),
        lambda p: torch.optim.SGD(p, momentum=0.8, nesterov=True, weight_decay=0.1),
    ),
    OptimiserCase("adam", Adam, lambda p: torch.optim.Adam(p)),
    OptimiserCase(
        "adam, decay, betas, eps",
        lambda p: Adam(p, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.1, decay_biases=True),
        lambda p: torch.optim.Adam(p, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.1),
    ),
    OptimiserCase("adamw", lambda p: AdamW(p, decay_biases=True), lambda p: torch.optim.AdamW(p)),
    OptimiserCase(
        "adamw, decay, betas, eps",
        lambda p: AdamW(p, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.2, decay_biases=True),
        lambda p: torch.optim.AdamW(p, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.2),
    ),
    OptimiserCase("muon", lambda p: Muon(p, decay_biases=True), MuonOfSingularValues),
    OptimiserCase(
        "muon, momentum, decay",
        lambda p: Muon(p, momentum=0.8, weight_decay=0.2, decay_biases=True),
        lambda p: MuonOfSingularValues(p, momentum=0.8, weight_decay=0.2),
    ),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def network() -> Layer:
    generator = Generator().manual_seed(0)
    first, second = Linear(4, 5, generator=generator), Linear(5, 2, generator=generator)
    return Sequential(first, Tanh(), second).to(dtype=torch.float64)


def batches(n: int) -> list[tuple[Tensor, Tensor]]:
    generator = Generator().manual_seed(1)
    numbers = torch.randn(n, 3, 6, generator=generator, dtype=torch.float64)
    return [(batch[:, :4], batch[:, 4:]) for batch in numbers.unbind()]


def learn(layer: Layer, optimiser: Optimiser, data: list[tuple[Tensor, Tensor]], lrs: list[float]) -> None:
    loss = MSE()
    for (x, target), lr in zip(data, lrs, strict=True):
        loss.forward(layer.forward(x, training=True), target)
        layer.backward_parameters(loss.backward())
        optimiser.step(lr)
        optimiser.zero()


def same(layer: Layer, state: dict[str, Tensor]) -> None:
    for name, value in layer.state().items():
        torch.testing.assert_close(value, state[name].detach(), rtol=1e-10, atol=1e-12)


@each
def test_ten_steps_are_those_of_torch(case: OptimiserCase) -> None:
    ours, data = network(), batches(10)
    module = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).double()
    module.load_state_dict(ours.state())
    optimiser = case.oracle(module.parameters())
    learn(ours, case.make(ours.parameters()), data, LRS)
    for (x, target), lr in zip(data, LRS, strict=True):
        optimiser.param_groups[0]["lr"] = lr
        optimiser.zero_grad()
        torch.autograd.backward(torch.nn.functional.mse_loss(module(x), target))
        optimiser.step()
    same(ours, module.state_dict())


@each
def test_a_saved_optimiser_goes_on_bit_equal(case: OptimiserCase) -> None:
    unbroken, resumed, data = network(), network(), batches(6)
    learn(unbroken, case.make(unbroken.parameters()), data, LRS[:6])
    first = case.make(resumed.parameters())
    learn(resumed, first, data[:3], LRS[:3])
    second = case.make(resumed.parameters())
    second.load({name: tensor.clone() for name, tensor in first.state().items()})
    learn(resumed, second, data[3:], LRS[3:6])
    assert second.steps == 6
    assert all(torch.equal(value, unbroken.state()[name]) for name, value in resumed.state().items())


@each
def test_the_gradient_is_left_for_others_to_read(case: OptimiserCase) -> None:
    layer = network()
    optimiser = case.make(layer.parameters())
    layer.backward(torch.ones_like(layer.forward(batches(1)[0][0], training=True)))
    before = {name: p.grad.clone() for name, p in layer.parameters().items() if p.grad is not None}
    optimiser.step(0.1)
    for name, parameter in layer.parameters().items():
        assert parameter.grad is not None
        assert torch.equal(parameter.grad, before[name])
    optimiser.zero()
    assert all(parameter.grad is None for parameter in layer.parameters().values())


@pytest.mark.parametrize("make", [SGD, Adam, AdamW, Muon])
def test_weights_decay_and_biases_do_not(make: Callable[..., Optimiser]) -> None:
    parameters = {"weight": Parameter(torch.ones(2, 2)), "bias": Parameter(torch.ones(2))}
    for parameter in parameters.values():
        parameter.grad = torch.zeros_like(parameter.value)
    make(parameters, weight_decay=0.1).step(0.1)
    assert (parameters["weight"].value < 1).all()
    assert (parameters["bias"].value == 1).all()


@each
def test_a_parameter_without_a_gradient_stays(case: OptimiserCase) -> None:
    parameters = {"used": Parameter(torch.ones(2, 2)), "frozen": Parameter(torch.ones(2, 2))}
    parameters["used"].grad = torch.ones(2, 2)
    case.make(parameters).step(0.1)
    assert (parameters["used"].value < 1).all()
    assert (parameters["frozen"].value == 1).all()


@pytest.mark.parametrize("shape", [(5, 5), (4, 30), (30, 4), (1, 7), (7, 1)])
def test_singular_values_of_an_orthogonal_step_are_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=Generator().manual_seed(3), dtype=torch.float64)
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    evened = torch.linspace(0.2, 1, len(s), dtype=torch.float64)
    singular = torch.linalg.svdvals(orthogonal(1e-3 * u * evened @ v))
    assert (singular > 0.65).all()
    assert (singular < 1.25).all()


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch has Muon from 2.9 on")
def test_a_step_of_muon_is_torchs_to_what_its_bfloat16_allows() -> None:
    generator = Generator().manual_seed(4)
    value, gradient = torch.randn(2, 8, 30, generator=generator).unbind()
    ours, theirs = Parameter(value.clone()), torch.nn.Parameter(value.clone())
    ours.grad, theirs.grad = gradient.clone(), gradient.clone()
    Muon({"weight": ours}).step(0.1)
    oracle: torch.optim.Optimizer = torch.optim.Muon([theirs], lr=0.1, adjust_lr_fn="match_rms_adamw")
    oracle.step()
    torch.testing.assert_close(ours.value - value, theirs.detach() - value, rtol=0, atol=2e-3)


def test_a_filter_is_one_row() -> None:
    """(outputs, inputs, height, width) moves as (outputs, inputs * height * width) does."""
    value, gradient = torch.randn(2, 6, 3, 5, 5, generator=Generator().manual_seed(5)).unbind()
    filters, matrix = Parameter(value.clone()), Parameter(value.flatten(1).clone())
    filters.grad, matrix.grad = gradient.clone(), gradient.flatten(1).clone()
    Muon({"weight": filters, "matrix": matrix}).step(0.1)
    assert torch.equal(filters.value.flatten(1), matrix.value)


def test_a_state_of_another_network_or_optimiser_is_refused() -> None:
    layer = network()
    state = Adam(layer.parameters()).state()
    with pytest.raises(RunError, match=r"steps of SGD do not fit this network: m/0\.bias is not known here"):
        SGD(layer.parameters()).load(state)
    with pytest.raises(RunError, match=r"v/2\.bias has the shape \(7,\), expected \(2,\)"):
        Adam(layer.parameters()).load(state | {"v/2.bias": torch.zeros(7)})


@each
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": torch.float32}, r"2\.weight is torch\.float32, the memory for it torch\.float64; convert one"),
        ({"device": "meta"}, "2\\.weight is on meta, the memory for it on cpu; move one"),
    ],
)
def test_a_parameter_moved_after_the_optimiser_was_made_is_refused_by_name(
    case: OptimiserCase, change: dict[str, Any], message: str
) -> None:
    layer = network()
    optimiser, before = case.make(layer.parameters()), layer.parameters()["0.weight"].value.clone()
    layer.parameters()["2.weight"].to(**change)
    layer.parameters()["0.weight"].grad = torch.ones_like(before)
    with pytest.raises(LayerError, match=rf"^\w+\(4 parameters.*\): {message}"):
        optimiser.step(0.1)
    assert torch.equal(layer.parameters()["0.weight"].value, before)
    assert optimiser.steps == 0


def test_repr_says_the_settings_that_are_not_the_defaults() -> None:
    parameters = network().parameters()
    assert repr(SGD(parameters)) == "SGD(4 parameters)"
    assert repr(SGD(parameters, momentum=0.9, nesterov=True)) == "SGD(4 parameters, momentum=0.9, nesterov=True)"
    assert repr(Adam({"w": Parameter(torch.ones(2))}, betas=(0.5, 0.9))) == "Adam(1 parameter, betas=(0.5, 0.9))"
    assert repr(AdamW(parameters, weight_decay=0.01)) == "AdamW(4 parameters)"


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(LayerError, match=r"SGD\(0 parameters, momentum=1\.0\): momentum must be in \[0, 1\), got 1\.0"):
        SGD({}, momentum=1.0)
    with pytest.raises(LayerError, match="nesterov needs a momentum above 0"):
        SGD({}, nesterov=True)
    with pytest.raises(LayerError, match=r"AdamW\(.*\): beta2 must be in"):
        AdamW({}, betas=(0.9, 1.0))
    with pytest.raises(LayerError, match="weight_decay must be at least 0, got -1"):
        Adam({}, weight_decay=-1)
