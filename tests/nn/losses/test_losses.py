"""The contract of a loss, over all losses: adding a loss adds a row to `CASES`. Autograd is the oracle, in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from errors import LayerError
from nn.gradient_check import loss_error
from nn.losses import (
    MSE,
    CrossEntropy,
    CrossEntropyOfProbabilities,
    Loss,
    PerColumn,
    Reduction,
    SquaredError,
)

CLASSES = 5
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0], dtype=torch.float64)


@dataclass(frozen=True)
class LossCase:
    """A loss, what it compares with, and the loss of a whole batch, reduced, in torch's words."""

    name: str
    make: Callable[[Reduction], Loss]
    target: Literal["classes", "numbers"]
    oracle: Callable[[Tensor, Tensor, str], Tensor]
    probabilities: bool = False

    def y(self, n: int, dtype: torch.dtype = torch.float64) -> Tensor:
        y = torch.randn(n, CLASSES, generator=seeded(1), dtype=dtype)
        return y.softmax(1) if self.probabilities else y

    def targets(self, n: int) -> Tensor:
        if self.target == "numbers":
            return torch.randn(n, CLASSES, generator=seeded(2), dtype=torch.float64)
        return torch.randint(CLASSES, (n,), generator=seeded(2))


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def mse(y: Tensor, target: Tensor, reduction: str) -> Tensor:
    samples = functional.mse_loss(y, target, reduction="none").mean(1)
    return samples.mean() if reduction == "mean" else samples.sum()


def squared_error(y: Tensor, target: Tensor, reduction: str) -> Tensor:
    samples = functional.mse_loss(y, target, reduction="none").sum(1) / 2
    return samples.mean() if reduction == "mean" else samples.sum()


def one_hot(target: Tensor) -> Tensor:
    return functional.one_hot(target, CLASSES).double()


def cross_entropy(weights: Tensor | None = None, smoothing: float = 0.0) -> Callable[[Tensor, Tensor, str], Tensor]:
    return lambda y, t, reduction: functional.cross_entropy(
        y, t, weight=weights, label_smoothing=smoothing, reduction=reduction
    )


CASES = [
    LossCase("mse", lambda r: MSE(reduction=r), "numbers", mse),
    LossCase("mse of classes", lambda r: MSE(reduction=r), "classes", lambda y, t, r: mse(y, one_hot(t), r)),
    LossCase("squared error", lambda r: SquaredError(reduction=r), "numbers", squared_error),
    LossCase(
        "squared error of classes",
        lambda r: SquaredError(reduction=r),
        "classes",
        lambda y, t, r: squared_error(y, one_hot(t), r),
    ),
    LossCase("cross-entropy", lambda r: CrossEntropy(reduction=r), "classes", cross_entropy()),
    LossCase(
        "cross-entropy, weighted",
        lambda r: CrossEntropy(class_weights=WEIGHTS, reduction=r),
        "classes",
        cross_entropy(WEIGHTS),
    ),
    LossCase(
        "cross-entropy, smoothed",
        lambda r: CrossEntropy(label_smoothing=0.1, reduction=r),
        "classes",
        cross_entropy(smoothing=0.1),
    ),
    LossCase(
        "cross-entropy, weighted and smoothed",
        lambda r: CrossEntropy(class_weights=WEIGHTS, label_smoothing=0.2, reduction=r),
        "classes",
        cross_entropy(WEIGHTS, 0.2),
    ),
    LossCase(
        "cross-entropy of probabilities",
        lambda r: CrossEntropyOfProbabilities(reduction=r),
        "classes",
        lambda y, t, r: functional.nll_loss(y.log(), t, reduction=r),
        probabilities=True,
    ),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def same(a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@each
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("n", [1, 7])
def test_loss_and_gradient_are_those_of_autograd(case: LossCase, reduction: Reduction, n: int) -> None:
    y, target, loss = case.y(n).requires_grad_(), case.targets(n), case.make(reduction)
    expected = case.oracle(y, target, reduction)
    (dy,) = torch.autograd.grad(expected, y)
    value = loss.forward(y, target)
    assert value.shape == ()
    assert not value.requires_grad
    same(value, expected.detach())
    same(loss.backward(), dy)


@each
def test_finite_differences_agree(case: LossCase) -> None:
    assert loss_error(case.make("mean"), case.y(4), case.targets(4), generator=seeded(0)) < 1e-6


@each
def test_parts_of_a_batch_add_up_to_its_mean(case: LossCase) -> None:
    y, target, loss = case.y(7), case.targets(7), case.make("mean")
    parts = [loss.total(y[rows], target[rows]) for rows in (slice(0, 3), slice(3, 7))]
    total, count = (sum(numbers) for numbers in zip(*parts, strict=True))
    same(torch.as_tensor(total / count), loss.forward(y, target))


@each
def test_the_dtype_stays(case: LossCase) -> None:
    loss = case.make("mean")
    value = loss.forward(case.y(4, torch.float32), case.targets(4))
    assert (value.dtype, loss.backward().dtype) == (torch.float32, torch.float32)


@each
def test_backward_needs_a_forward_of_its_own(case: LossCase) -> None:
    loss = case.make("mean")
    loss.total(case.y(2), case.targets(2))
    with pytest.raises(LayerError, match=r"needs a forward\(y, target\)"):
        loss.backward()
    loss.forward(case.y(2), case.targets(2))
    loss.backward()
    with pytest.raises(LayerError, match=r"needs a forward\(y, target\)"):
        loss.backward()


@each
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_computes_the_same(case: LossCase) -> None:
    y, target, here, there = case.y(4), case.targets(4), case.make("mean"), case.make("mean")
    same(there.forward(y.cuda(), target.cuda()).cpu(), here.forward(y, target))
    same(there.backward().cpu(), here.backward())


def test_a_logit_that_overflows_exp_costs_its_difference() -> None:
    loss = CrossEntropy()
    assert float(loss.forward(torch.tensor([[1e4, 0.0]]), torch.tensor([1]))) == 1e4
    same(loss.backward(), torch.tensor([[1.0, -1.0]]))


def test_a_vanished_probability_costs_much_but_not_infinity() -> None:
    loss = CrossEntropyOfProbabilities()
    assert float(loss.forward(torch.tensor([[1.0, 0.0]]), torch.tensor([1]))) == pytest.approx(87.3, abs=0.1)
    assert loss.backward().isfinite().all()


def test_small_integers_are_classes_too() -> None:
    y, target = torch.randn(4, CLASSES, dtype=torch.float64), torch.tensor([0, 4, 1, 1])
    loss = CrossEntropy(class_weights=WEIGHTS)
    same(loss.forward(y, target.to(torch.uint8)), loss.forward(y, target))


@pytest.mark.parametrize(
    ("loss", "y", "target", "message"),
    [
        (MSE(), torch.ones(2, 3), torch.ones(2, 4), r"MSE\(\): target has the shape \(2, 4\), expected \(2, 3\)"),
        (CrossEntropy(), torch.ones(2, 3), torch.tensor([0]), r"class indices \(N,\)"),
        (CrossEntropy(), torch.ones(2, 3), torch.ones(2, 3), r"class indices \(N,\)"),
        (CrossEntropy(), torch.ones(2, 3), torch.tensor([0, 3]), "target holds classes 0 to 3, expected 0 to 2"),
        (CrossEntropy(), torch.ones(2, 3), torch.tensor([-1, 2]), "target holds classes -1 to 2, expected 0 to 2"),
        (
            CrossEntropy(class_weights=WEIGHTS),
            torch.ones(1, 3),
            torch.tensor([0]),
            r"class_weights has the shape \(5,\)",
        ),
    ],
)
def test_a_target_that_does_not_fit_is_refused(loss: Loss, y: Tensor, target: Tensor, message: str) -> None:
    with pytest.raises(LayerError, match=message):
        loss.forward(y, target)


@each
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y, t: (y.long(), t), r"y is torch\.int64, expected a floating dtype: y\.float\(\)"),
        (lambda y, t: (y.numpy(), t), r"y is of the type ndarray, expected a tensor"),
        (lambda y, t: (y, t.tolist()), r"target is of the type list, expected a tensor: torch\.as_tensor\(target\)"),
        (lambda y, t: (y, t.to("meta")), r"target is on meta, y on cpu; move one: target\.to\(device\) or y\.to"),
    ],
)
def test_what_is_of_another_kind_is_refused_by_name(
    case: LossCase, change: Callable[[Tensor, Tensor], tuple[Any, Any]], message: str
) -> None:
    y, target = change(case.y(2), case.targets(2))
    loss = case.make("mean")
    for compute in (loss, loss.forward, loss.total):
        with pytest.raises(LayerError, match=rf"^\w+\(.*\): {message}"):
            compute(y, target)


class Difference(Loss):
    """A loss of one's own that forgets that tensors broadcast, and that dtypes are promoted."""

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, int, Tensor]:
        return (y - target).square().sum(), len(y), 2 * (y - target)

    def _backward(self, difference: Tensor) -> Tensor:
        return difference


def test_a_gradient_of_another_shape_or_dtype_than_y_is_found_at_its_first_use() -> None:
    loss = Difference()
    loss(torch.ones(3, 1), torch.ones(3))
    with pytest.raises(LayerError, match=r"^Difference\(\): dy has the shape \(3, 3\), expected \(3, 1\)"):
        loss.backward()
    loss(torch.ones(3, 1), torch.ones(3, 1, dtype=torch.float64))
    with pytest.raises(LayerError, match=r"^Difference\(\): dy is torch\.float64, y torch\.float32"):
        loss.backward()


@each
def test_calling_a_loss_is_forward(case: LossCase) -> None:
    loss = case.make("mean")
    assert torch.equal(loss(case.y(3), case.targets(3)), loss.forward(case.y(3), case.targets(3)))


def test_repr_says_the_settings_that_are_not_the_defaults() -> None:
    assert [*map(repr, (MSE(), MSE(reduction="sum"), CrossEntropy(label_smoothing=0.1)))] == [
        *("MSE()", "MSE(reduction='sum')", "CrossEntropy(label_smoothing=0.1)")
    ]
    assert repr(CrossEntropy(class_weights=WEIGHTS)) == "CrossEntropy(class_weights=Tensor((5,), float64))"
    assert repr(PerColumn(CrossEntropy(reduction="sum"), 3)) == "PerColumn(CrossEntropy(reduction='sum'), 3)"


def test_a_loss_has_a_name_in_words() -> None:
    own = (SquaredError(), CrossEntropyOfProbabilities(), CrossEntropy(), PerColumn(CrossEntropy(), 2), MSE())
    assert [loss.title for loss in own] == [
        *("half the squared error", "cross-entropy", "cross-entropy", "cross-entropy", "mean squared error")
    ]
    changed = CrossEntropy(class_weights=WEIGHTS, label_smoothing=0.1)
    assert changed.title == "class-weighted label-smoothed cross-entropy"
    assert Difference().title == "difference"
    assert type("HuberLoss", (Difference,), {})().title == "huber loss"
    assert type("LogMSE", (Difference,), {})().title == "log MSE"


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(LayerError, match="label_smoothing must be in"):
        CrossEntropy(label_smoothing=1.0)
    with pytest.raises(LayerError, match="reduction must be one of mean, sum, got max"):
        MSE(reduction="max")  # type: ignore[arg-type]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_each_column_learns_as_if_it_stood_alone(reduction: Reduction, weights: Tensor | None) -> None:
    target = torch.randint(CLASSES, (7,), generator=seeded(2))
    answers = [torch.randn(7, CLASSES, generator=seeded(seed), dtype=torch.float64) for seed in (3, 4, 5)]
    alone = [CrossEntropy(reduction=reduction, class_weights=weights) for _ in answers]
    losses = [loss.forward(y, target) for loss, y in zip(alone, answers, strict=True)]
    together = PerColumn(CrossEntropy(reduction=reduction, class_weights=weights), 3)
    torch.testing.assert_close(together.forward(torch.cat(answers, 1), target), sum(losses) / 3)
    torch.testing.assert_close(together.backward(), torch.cat([loss.backward() for loss in alone], 1) / 3)


def test_columns_of_unequal_width_are_refused() -> None:
    with pytest.raises(
        LayerError, match=r"PerColumn\(CrossEntropy\(\), 3\): y has the shape \(2, 10\), expected \(N, 3"
    ):
        PerColumn(CrossEntropy(), 3).forward(torch.zeros(2, 10), torch.zeros(2, dtype=torch.long))
