"""Batch normalisation beyond the contract: torch's semantics step by step, its equations, and buffers in states."""

from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor, nn

from errors import LayerError, RunError
from nn.gradient_check import layer_errors
from nn.layers import BatchNorm, Conv2d, Flatten, Linear, ReLU, Sequential
from nn.losses import CrossEntropy
from nn.optimisers import SGD, Adam
from nn.schedules import Constant
from nn.training import History, TrainingSettings, TrainingState, evaluate, train

SHAPES = [(6, 3), (2, 3), (5, 3, 4, 7), (1, 3, 2, 1), (2, 3, 9, 8)]
LAYOUTS = [torch.contiguous_format, torch.channels_last]


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def drawn(seed: int, *shape: int) -> Tensor:
    return 3 + 2 * torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def layer(features: int = 3) -> BatchNorm:
    own = BatchNorm(features, momentum=0.2, eps=1e-3, dtype=torch.float64)
    for parameter in own.parameters().values():
        parameter.value.normal_(generator=seeded(7))
    return own


def oracle(own: BatchNorm, shape: tuple[int, ...]) -> nn.BatchNorm1d | nn.BatchNorm2d:
    kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    module = kind(own.features, eps=own.eps, momentum=own.momentum, dtype=torch.float64)
    module.load_state_dict(own.state(), strict=False)  # all but the number of batches
    return module


def same(a: Tensor | None, b: Tensor | None) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


def laid(x: Tensor, layout: torch.memory_format) -> Tensor:
    return x.contiguous(memory_format=layout) if x.ndim == 4 else x


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dy_layout", LAYOUTS)
def test_training_then_evaluation_are_those_of_torch(
    shape: tuple[int, ...], layout: torch.memory_format, dy_layout: torch.memory_format
) -> None:
    own = layer()
    module = oracle(own, shape)
    for step in range(3):
        x, dy = laid(drawn(step, *shape), layout).requires_grad_(), laid(drawn(9, *shape), dy_layout)
        y = module(x)
        same(own.forward(x, training=True), y.detach())
        dx, dw, db = torch.autograd.grad(y, [x, module.weight, module.bias], dy)
        same(own.backward(dy), dx)
        same(own.weight.grad, dw)
        same(own.bias.grad, db)
        same(own.running_mean.value, module.running_mean)
        same(own.running_var.value, module.running_var)
        own.weight.clear()
        own.bias.clear()
    module.eval()
    x = laid(drawn(4, *shape), layout)
    same(own.forward(x), module(x).detach())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_computes_the_equations_of_its_docstring(shape: tuple[int, ...]) -> None:
    own, x, dy = layer(), drawn(0, *shape), drawn(1, *shape)
    over, each = ([0, 2, 3], (3, 1, 1)) if len(shape) == 4 else ([0], (3,))
    m = x.numel() / 3
    s = 1 / (x.var(over, correction=0, keepdim=True) + own.eps).sqrt()
    xhat = (x - x.mean(over, keepdim=True)) * s
    db, dw = dy.sum(over), (dy * xhat).sum(over)
    weight, bias = own.weight.value.view(each), own.bias.value.view(each)
    same(own.forward(x, training=True), weight * xhat + bias)
    same(own.backward(dy), weight * s * (dy - db.view(each) / m - xhat * dw.view(each) / m))
    same(own.weight.grad, dw)
    same(own.bias.grad, db)
    same(own.running_mean.value, 0.2 * x.mean(over))
    same(own.running_var.value, 0.8 + 0.2 * x.var(over))


def test_finite_differences_agree_on_rows() -> None:
    errors = layer_errors(layer(), drawn(0, 5, 3), generator=seeded(), step=1e-5)  # dx is a small difference of sums
    assert max(errors.values()) < 1e-6


def test_without_dx_the_gradients_are_the_same() -> None:
    one, other, x, dy = layer(), layer(), drawn(0, 5, 3), drawn(1, 5, 3)
    one.forward(x, training=True)
    one.backward(dy)
    other.forward(x, training=True)
    other.backward_parameters(dy)
    same(one.weight.grad, other.weight.grad)
    same(one.bias.grad, other.bias.grad)


def test_a_mean_far_from_zero_leaves_the_variance_exact() -> None:
    x = (1e4 + torch.randn(512, 2, 3, 3, generator=seeded())).contiguous(memory_format=torch.channels_last)
    y = BatchNorm(2).forward(x, training=True)
    torch.testing.assert_close(y.std((0, 2, 3)), torch.ones(2), rtol=1e-2, atol=0)


def test_evaluation_moves_nothing_and_looks_at_each_sample_alone() -> None:
    own, x = layer(), drawn(0, 5, 3)
    own.forward(drawn(1, 5, 3), training=True)
    before = {name: value.clone() for name, value in own.state().items()}
    same(own.forward(x)[:1], own.forward(x[:1]))
    assert all(torch.equal(value, before[name]) for name, value in own.state().items())


def test_one_number_a_feature_cannot_be_trained_on() -> None:
    message = r"BatchNorm\(3.*\): x of the shape \(1, 3\) has one number a feature, which has no variance"
    with pytest.raises(LayerError, match=message):
        layer().forward(drawn(0, 1, 3), training=True)
    with pytest.raises(LayerError, match="which has no variance"):
        layer().forward(drawn(0, 1, 3, 1, 1), training=True)
    assert layer().forward(drawn(0, 1, 3)).shape == (1, 3)


def test_an_x_of_another_shape_or_dtype_is_refused() -> None:
    with pytest.raises(LayerError, match=r"x has the shape \(2, 4\), expected \(N, 3\) or \(N, 3, H, W\)"):
        layer().forward(drawn(0, 2, 4))
    with pytest.raises(LayerError, match=r"x is torch\.float32, the weights torch\.float64"):
        layer().forward(drawn(0, 2, 3).float())
    with pytest.raises(LayerError, match=r"momentum must be in \[0, 1\)"):
        BatchNorm(3, momentum=1.5)


def network() -> Sequential:
    """Two batch normalisations, one of images and one of rows, under dotted names."""
    conv = Sequential(Conv2d(1, 4, 3, generator=seeded(0), bias=False), BatchNorm(4), ReLU(), Flatten())
    return Sequential(conv, Linear(36, 8, generator=seeded(1)), BatchNorm(8), ReLU(), Linear(8, 3, generator=seeded(2)))


BUFFERS = ["0.1.running_mean", "0.1.running_var", "2.running_mean", "2.running_var"]


def test_buffers_are_part_of_the_state_and_no_parameters() -> None:
    own = network()
    assert list(own.buffers()) == BUFFERS
    assert not own.parameters().keys() & set(BUFFERS)
    assert own.state().keys() == own.parameters().keys() | set(BUFFERS)
    assert not [name for name in Adam(own.parameters()).state() if "running" in name]


def test_buffers_move_and_load_with_the_parameters() -> None:
    trained, fresh = network().to(dtype=torch.float64), network().to(dtype=torch.float64)
    x = torch.randn(6, 1, 5, 5, generator=seeded(3), dtype=torch.float64)
    trained.forward(x, training=True)
    assert {value.dtype for value in trained.state().values()} == {torch.float64}
    assert not torch.equal(trained.forward(x), fresh.forward(x))
    fresh.load(trained.state())
    assert torch.equal(trained.forward(x), fresh.forward(x))
    with pytest.raises(RunError, match=r"0\.1\.running_var is missing"):
        fresh.load({name: value for name, value in trained.state().items() if name != "0.1.running_var"})


def samples(n: int, seed: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 1, 5, 5, generator=seeded(seed))
    return x, x[:, 0, 0, :3].argmax(1)


def run(own: Sequential, epochs: int, on_state: Callable[[bytes], None], resume: bytes | None = None) -> History:
    return train(
        own,
        CrossEntropy(),
        SGD(own.parameters(), momentum=0.9),
        Constant(0.2),
        samples(50, 3),
        settings=TrainingSettings(epochs=epochs, batch_size=16, patience=epochs),
        generator=seeded(4),
        validation=samples(40, 5),
        on_epoch=lambda record, state: on_state(state().to_bytes()),
        resume=None if resume is None else TrainingState.from_bytes(resume),
    )


def test_a_resumed_training_has_the_running_statistics_of_an_unbroken_one() -> None:
    unbroken, first, second = network(), network(), network()
    states: list[bytes] = []
    run(unbroken, 6, lambda state: None)
    run(first, 2, states.append)
    run(second, 6, lambda state: None, resume=states[-1])
    assert all(torch.equal(value, unbroken.state()[name]) for name, value in second.state().items())


def test_the_best_epoch_comes_back_with_its_running_statistics() -> None:
    own = network()
    history = run(own, 8, lambda state: None)
    assert history.best_epoch is not None
    assert history.best_epoch < 8
    best = history.records[history.best_epoch - 1]
    assert evaluate(own, CrossEntropy(), samples(40, 5)).loss == best.validation_loss
