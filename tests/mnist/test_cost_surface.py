"""The cost over two weights: what the whole network costs with them moved, its gradient, and descent on it."""

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor

from errors import LayerError
from mnist.cost_surface import CostSurface, Weight, descend
from mnist.networks import softmax_regression
from nn.initialisers import normal
from nn.losses import CrossEntropy

FIRST, SECOND = Weight(5, 2), Weight(300, 4)


@pytest.fixture
def digits() -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(0)
    return torch.rand(30, 1, 28, 28, generator=generator), torch.randint(10, (30,), generator=generator)


@pytest.fixture
def surface(digits: tuple[Tensor, Tensor]) -> CostSurface:
    return CostSurface(softmax_regression(Generator().manual_seed(1), initialiser=normal(0.05)), *digits, FIRST, SECOND)


@pytest.fixture
def moved(digits: tuple[Tensor, Tensor]) -> Callable[[float, float], float]:
    """moved(u, v): the summed cost by the whole network, with the two weights moved."""

    def cost(u: float, v: float) -> float:
        network = softmax_regression(Generator().manual_seed(1), initialiser=normal(0.05))
        weight = network.parameters()["1.weight"].value
        weight[FIRST.digit, FIRST.pixel] += u
        weight[SECOND.digit, SECOND.pixel] += v
        return float(CrossEntropy(reduction="sum").forward(network.forward(digits[0]), digits[1]))

    return cost


def test_it_is_the_cost_of_the_network_with_two_weights_moved(
    surface: CostSurface, moved: Callable[[float, float], float]
) -> None:
    u, v = torch.tensor([-3.0, 0.0, 2.0]).double(), torch.tensor([-1.0, 4.0]).double()
    costs = surface.costs(u, v)
    assert costs.shape == (2, 3)
    expected = [[moved(float(one), float(other)) for one in u] for other in v]
    torch.testing.assert_close(costs, torch.tensor(expected).double(), rtol=1e-5, atol=0)


def test_the_gradient_is_that_of_the_cost(surface: CostSurface) -> None:
    at, step = torch.tensor([0.7, -1.2]).double(), 1e-5

    def cost(u: Tensor, v: Tensor) -> Tensor:
        return surface.costs(u[None], v[None])[0, 0]

    du = (cost(at[0] + step, at[1]) - cost(at[0] - step, at[1])) / (2 * step)
    dv = (cost(at[0], at[1] + step) - cost(at[0], at[1] - step)) / (2 * step)
    torch.testing.assert_close(surface.gradient(at), torch.stack((du, dv)), rtol=1e-7, atol=1e-7)


def test_far_away_the_cost_is_still_a_number(surface: CostSurface) -> None:
    far = torch.tensor([-1e5, 1e5]).double()
    assert bool(surface.costs(far, far).isfinite().all())
    assert bool(surface.gradient(far).isfinite().all())


def test_descent_starts_where_it_is_told_and_goes_against_the_gradient(surface: CostSurface) -> None:
    path = descend(surface, (2.0, -2.0), lr=0.1, momentum=0, steps=3)
    assert path.shape == (4, 2)
    assert path[0].tolist() == [2, -2]
    torch.testing.assert_close(path[1:], path[:-1] - 0.1 * torch.stack([surface.gradient(at) for at in path[:-1]]))


def test_momentum_adds_the_steps_before(surface: CostSurface) -> None:
    path = descend(surface, (2.0, -2.0), lr=0.1, momentum=0.8, steps=2)
    first, second = path[1] - path[0], path[2] - path[1]
    torch.testing.assert_close(second, 0.8 * first - 0.1 * surface.gradient(path[1]))


def test_two_weights_into_one_digit_are_refused(digits: tuple[Tensor, Tensor]) -> None:
    with pytest.raises(LayerError, match="same logit"):
        CostSurface(softmax_regression(Generator()), *digits, Weight(1, 2), Weight(3, 2))
