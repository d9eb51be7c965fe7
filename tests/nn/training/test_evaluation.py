"""Loss and accuracy: exact means over the samples, whatever the batches."""

import weakref

import pytest
import torch
from torch import Generator, Tensor

from nn.layers import Dropout, Linear, Sequential
from nn.losses import MSE, CrossEntropy, Loss
from nn.training.evaluation import ScoreSums, correct, evaluate

GENERATOR = Generator().manual_seed(0)
X = torch.randn(23, 4, generator=GENERATOR, dtype=torch.float64)
TARGET = torch.randint(3, (23,), generator=GENERATOR)
WEIGHTS = torch.tensor([1.0, 5.0, 0.1], dtype=torch.float64)


def network() -> Sequential:
    dropout = Dropout(0.5, generator=Generator().manual_seed(0))
    return Sequential(dropout, Linear(4, 3, generator=Generator().manual_seed(1), dtype=torch.float64))


@pytest.mark.parametrize(
    "loss", [CrossEntropy(), CrossEntropy(class_weights=WEIGHTS), CrossEntropy(reduction="sum"), MSE()]
)
@pytest.mark.parametrize("batch_size", [1, 5, 23, 100])
def test_the_batch_size_does_not_matter_and_dropout_is_off(loss: Loss, batch_size: int) -> None:
    layer = network()
    y = layer.forward(X)
    total, count = loss.total(y, TARGET)
    scores = evaluate(layer, loss, (X, TARGET), batch_size)
    assert scores.loss == pytest.approx(float(total / count), rel=1e-12)
    assert scores.accuracy == int((y.argmax(1) == TARGET).sum()) / 23


def test_a_metric_of_ones_own_or_none() -> None:
    def worst(y: Tensor, target: Tensor) -> Tensor:
        return (y.argmin(1) == target).sum()

    y = network().forward(X)
    scores = evaluate(network(), MSE(), (X, TARGET), 4, worst)
    assert scores.accuracy == int((y.argmin(1) == TARGET).sum()) / 23
    assert evaluate(network(), MSE(), (X, TARGET), 4, None).accuracy is None


def test_targets_are_classes_or_rows() -> None:
    y = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert int(correct(y, torch.tensor([1, 0, 0]))) == 2
    assert int(correct(y, torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]))) == 2


def test_nothing_of_a_batch_is_kept() -> None:
    """A small tensor kept of each batch would break up the memory that the large ones leave."""
    sums, y = ScoreSums(correct), torch.eye(3)
    total, count = torch.tensor(2.0), torch.tensor(3)
    seen = [weakref.ref(tensor) for tensor in (total, count, y)]
    sums.add(total, count, y, torch.tensor([0, 1, 1]))
    del total, count, y
    assert [ref() for ref in seen] == [None] * 3
    assert sums.means() == (2 / 3, 2 / 3)
