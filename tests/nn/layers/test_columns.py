"""Columns and their fixed transforms: what goes up each column, and what comes back."""

import pytest
import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.layers import AvgPool2d, Columns, Dropout, Flatten, Layer, Linear, Permute, ReLU, Sequential
from nn.losses import CrossEntropy
from nn.optimisers import SGD
from nn.schedules import Constant
from nn.training import TrainingSettings, train


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def images(n: int = 4) -> Tensor:
    return torch.randn(n, 1, 2, 3, generator=seeded())


def head(seed: int, outputs: int = 2) -> Sequential:
    return Sequential(Flatten(), Linear(6, outputs, generator=seeded(seed)))


def shuffled(seed: int) -> Permute:
    return Permute(torch.randperm(6, generator=seeded(seed)))


def test_each_column_sees_its_own_view_and_outputs_lie_side_by_side() -> None:
    one, two, view = head(1), head(2, outputs=3), shuffled(3)
    x = images()
    y = Columns((one, None), (two, view)).forward(x)
    assert torch.equal(y, torch.cat([one.forward(x), two.forward(view.forward(x))], 1))


def test_dx_is_the_sum_over_the_columns_and_dy_stays() -> None:
    layer = Columns((Sequential(), None), (Sequential(), None), (Sequential(), None))
    layer.forward(images(), training=True)
    dy = torch.arange(4 * 3 * 6.0).view(4, 3, 2, 3)
    before = dy.clone()
    assert torch.equal(layer.backward(dy), dy.sum(1, keepdim=True))
    assert torch.equal(dy, before)


def test_columns_of_maps_may_end_in_maps() -> None:
    layer = Columns((Sequential(AvgPool2d(2)), None), (Sequential(ReLU()), AvgPool2d(2)))
    y = layer.forward(torch.randn(3, 5, 4, 6, generator=seeded()), training=True)
    assert y.shape == (3, 10, 2, 3)
    assert layer.backward(torch.ones_like(y)).shape == (3, 5, 4, 6)


def test_parameters_and_permutations_are_named_by_column() -> None:
    layer = Columns((head(1), shuffled(1)), (head(2), None))
    assert list(layer.parameters()) == ["0.1.weight", "0.1.bias", "1.1.weight", "1.1.bias"]
    assert list(layer.buffers()) == ["transform_0.permutation"]


def test_a_saved_network_brings_its_permutations_with_it() -> None:
    saved, other = Columns((head(1), shuffled(1))), Columns((head(2), shuffled(2)))
    other.load(saved.state())
    assert torch.equal(other.forward(images()), saved.forward(images()))
    assert saved.to(dtype=torch.float64).state()["transform_0.permutation"].dtype == torch.int64


def test_a_multi_column_network_learns_by_the_one_loop() -> None:
    columns = Columns(*((Sequential(head(i, outputs=8), ReLU()), shuffled(i)) for i in range(3)))
    network = Sequential(columns, Linear(24, 3, generator=seeded(4)))
    x = images(60)
    history = train(
        network,
        CrossEntropy(),
        SGD(network.parameters(), momentum=0.9),
        Constant(0.1),
        (x, x[:, 0, 0].argmax(1)),
        settings=TrainingSettings(epochs=30, batch_size=20),
        generator=seeded(5),
    )
    assert history.records[-1].train_accuracy == 1.0


def test_a_permutation_is_undone_by_its_backward() -> None:
    layer, x = shuffled(3), images()
    assert torch.equal(layer.backward(layer.forward(x, training=True)), x)


@pytest.mark.parametrize(
    "numbers", [torch.tensor([0, 0, 1]), torch.tensor([1, 2, 3]), torch.eye(2).long(), torch.arange(3.0)], ids=str
)
def test_what_is_no_permutation_is_refused(numbers: Tensor) -> None:
    with pytest.raises(LayerError, match=r"Permute: expected each of 0 \.\.\. features - 1 once"):
        Permute(numbers)


def test_samples_of_another_size_are_refused() -> None:
    with pytest.raises(LayerError, match=r"Permute\(6\): x has the shape \(2, 5\), expected 6 numbers a sample"):
        shuffled(1).forward(torch.ones(2, 5))


def disk_error(*columns: tuple[Layer, Layer | None]) -> str:
    with pytest.raises(LayerError) as error:
        Columns(*columns).forward(images())
    return str(error.value)


def test_columns_that_cannot_be_are_refused() -> None:
    network, transform = head(1), shuffled(1)
    assert "no column was given" in disk_error()
    assert "one layer stands at two places" in disk_error((network, None), (network, None))
    assert "one layer stands at two places" in disk_error((head(1), transform), (head(2), transform))
    assert "is not fixed" in disk_error((head(1), Dropout(0.5, generator=seeded())))
    assert "is not fixed" in disk_error((head(1), Linear(6, 6, generator=seeded())))
    assert "outputs of the shapes (4, 2), (4, 1, 2, 3) differ" in disk_error((head(1), None), (ReLU(), None))
