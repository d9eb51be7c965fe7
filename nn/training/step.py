"""One step of a training: forward, loss, backward, step, zero; and what it adds to the epoch's sums."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from nn.kernels import Rate
from nn.layers import Layer
from nn.losses import Loss
from nn.optimisers import Optimiser
from nn.parallel import SharedGradients
from nn.training.evaluation import ScoreSums


def training_step(
    network: Layer,
    loss: Loss,
    optimiser: Optimiser,
    lr: float,
    x: Tensor,
    target: Tensor,
    shared: SharedGradients | None = None,
) -> tuple[Tensor, Tensor]:
    """Train on one batch; return its loss, a scalar tensor, and its outputs (N, ...), both from before the step.

    With `shared`, x is this rank's part of a batch; the loss, if a mean, is the mean over the whole batch.
    """
    value, y = _gradients(network, loss, x, target, shared)
    optimiser.step(lr)
    optimiser.zero()
    return value, y


@dataclass(frozen=True)
class Step:
    """A step of the loop. `begin` is what the host does for it, `run` what the device does, which can be recorded."""

    network: Layer
    loss: Loss
    optimiser: Optimiser
    sums: ScoreSums
    shared: SharedGradients

    def __call__(self, lr: float, x: Tensor, target: Tensor) -> Tensor:
        """Train on one batch with the learning rate `lr`; return its loss, a scalar tensor, from before the step."""
        return self.run(self.begin(lr, x), x, target)

    def without_samples(self, lr: float) -> None:
        """Make the step of a batch whose samples all are with other ranks."""
        self.shared.all_reduce_nothing(self.loss)
        self.optimiser.step(lr)
        self.optimiser.zero()

    def begin(self, lr: float, x: Tensor) -> tuple[float, ...]:
        """Count the step and its samples; return the optimiser's numbers for it."""
        self.sums.samples += len(x)
        return self.optimiser.begin_step(lr)

    def run(self, rates: Sequence[Rate], x: Tensor, target: Tensor) -> Tensor:
        """Do what the step computes, with the numbers of `begin`, or tensors without axes that hold them."""
        value, y = _gradients(self.network, self.loss, x, target, self.shared)
        self.optimiser.move(rates)
        self.optimiser.zero()
        self.sums.add_numbers(value * len(x) if self.loss.reduction == "mean" else value, len(x), y, target)
        return value


def _gradients(
    network: Layer, loss: Loss, x: Tensor, target: Tensor, shared: SharedGradients | None
) -> tuple[Tensor, Tensor]:
    """Add the gradients of one batch; return its loss and its outputs."""
    y = network.forward(x, training=True)
    value = loss.forward(y, target)
    network.backward_parameters(loss.backward())
    return value if shared is None else shared.all_reduce(loss, value), y
