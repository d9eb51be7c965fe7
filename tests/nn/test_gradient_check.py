"""The gradient check, with its control: it must pass what is right and fail what is planted wrong."""

import pytest
import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.gradient_check import layer_errors, loss_error
from nn.kernels import RankOneGradient
from nn.layers import Dropout, Layer, Linear, Sequential, Sigmoid
from nn.losses import CrossEntropy


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def errors(activation: Layer, layer: type[Linear] = Linear) -> dict[str, float]:
    dropout = Dropout(0.3, generator=seeded(1))
    network = Sequential(layer(6, 5, generator=seeded()), activation, dropout, Linear(5, 3, generator=seeded()))
    x = torch.randn(4, 6, generator=seeded(2), dtype=torch.float64)
    return layer_errors(network.to(dtype=torch.float64), x, generator=seeded(3))


def test_right_gradients_pass_through_dropout_too() -> None:
    found = errors(Sigmoid(0.7))
    assert list(found) == ["input", "0.weight", "0.bias", "3.weight", "3.bias"]
    assert max(found.values()) < 1e-6


def test_control_a_forgotten_slope_fails_below_it_and_nowhere_else() -> None:
    class Wrong(Sigmoid):
        def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
            return y * (1 - y) * dy

    found = errors(Wrong(0.7))
    assert all(found[name] > 1e-2 for name in ("input", "0.weight", "0.bias"))
    assert all(found[name] < 1e-6 for name in ("3.weight", "3.bias"))


def test_control_a_weight_gradient_off_by_one_hundredth_fails() -> None:
    class Wrong(Linear):
        def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor | RankOneGradient]:
            return {**super()._gradients(dy, x), "weight": 1.01 * dy.T @ x}

    found = errors(Sigmoid(), Wrong)
    assert found.pop("0.weight") > 5e-3
    assert max(found.values()) < 1e-6


def test_control_a_gradient_never_written_fails() -> None:
    class Wrong(Linear):
        def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor | RankOneGradient]:
            return {"weight": super()._gradients(dy, x)["weight"]}

    assert errors(Sigmoid(), Wrong)["0.bias"] == 1.0


def test_control_a_loss_that_forgets_its_mean_fails() -> None:
    class Wrong(CrossEntropy):
        def backward(self) -> Tensor:
            return super().backward() * 4

    y, target = torch.randn(4, 3, generator=seeded(), dtype=torch.float64), torch.tensor([0, 1, 2, 1])
    assert loss_error(CrossEntropy(), y, target, generator=seeded()) < 1e-6
    assert loss_error(Wrong(), y, target, generator=seeded()) > 0.1


def test_values_and_gradients_are_left_as_they_were() -> None:
    layer, x = Linear(3, 2, generator=seeded(), dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)
    before = layer.weight.value.clone()
    layer_errors(layer, x, generator=seeded())
    assert torch.equal(layer.weight.value, before)
    assert torch.equal(x, torch.ones(2, 3, dtype=torch.float64))
    assert layer.weight.grad is None


def test_single_precision_is_refused() -> None:
    layer = Linear(3, 2, generator=seeded())
    with pytest.raises(LayerError, match=r"x is torch\.float32, expected torch\.float64"):
        layer_errors(layer, torch.ones(2, 3), generator=seeded())
