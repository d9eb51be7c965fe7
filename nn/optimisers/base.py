"""What optimisers share: parameters, a memory of earlier steps, and clearing the gradients.

A new optimiser is a new file beside this one, with one rule, `_update`, its numbers that change from step to step,
`_rates`, and a row in `tests/nn/optimisers/test_optimisers.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nn.checks import at_least, same_names, same_type
from nn.described import described
from nn.kernels import Rate
from nn.parameter import Parameter

Memory = dict[str, Tensor]


class Optimiser(ABC):
    """Moves `parameters` (by name, as `Layer.parameters()` gives them) against their gradients.

    `weight_decay` acts on weights, and on biases only if `decay_biases`; a bias is a parameter with fewer than two
    axes. A parameter without a gradient is not changed. Make an optimiser after `Layer.to`: its memory is on the
    device of the parameters.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        memory: tuple[str, ...] = (),
        weight_decay: float = 0.0,
        decay_biases: bool = False,
    ) -> None:
        self.parameters = dict(parameters)
        self.weight_decay = weight_decay
        self.decay_biases = decay_biases
        self.steps = 0
        self._scratch = {name: torch.empty_like(parameter.value) for name, parameter in parameters.items()}
        self._memory = {
            name: {kind: torch.zeros_like(parameter.value) for kind in memory} for name, parameter in parameters.items()
        }
        at_least(self, "weight_decay", weight_decay, 0)

    def __repr__(self) -> str:
        return described(self)

    def _rates(self, lr: float) -> tuple[float, ...]:
        """Return what changes from step to step in the rule, for the step number `steps`, the first is 1."""
        return (lr,)

    @abstractmethod
    def _update(
        self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rates: Sequence[Rate], decay: float
    ) -> None:
        """Change the value p and its memory in place, given its gradient g, which must not be changed.

        `rates` are what `_rates` returned, as numbers, or as tensors without axes (`nn.kernels.rates`). `decay` is the
        weight decay for this p. `scratch`, of p's shape, is memory for intermediate results.
        """

    def step(self, lr: float) -> None:
        """Move each parameter once, with the learning rate `lr`.

        LayerError, before one is moved, if one has another dtype or device than when this optimiser was made.
        """
        self.move(self.begin_step(lr))

    def begin_step(self, lr: float) -> tuple[float, ...]:
        """Check and count a step; return the numbers that `move` makes it with."""
        for name, parameter in self.parameters.items():
            same_type(self, name, parameter.value, "the memory for it", self._scratch[name])
        self.steps += 1
        return self._rates(lr)

    def move(self, rates: Sequence[Rate]) -> None:
        """Do what a step computes, given the numbers of `begin_step`, or tensors without axes that hold them."""
        for name, parameter in self.parameters.items():
            if parameter.has_grad:
                decay = self.weight_decay if self.decay_biases or parameter.value.ndim > 1 else 0.0
                self._advance(name, parameter, rates, decay)

    def _advance(self, name: str, parameter: Parameter, rates: Sequence[Rate], decay: float) -> None:
        """Apply the rule to one parameter."""
        assert parameter.grad is not None
        self._update(parameter.value, parameter.grad, self._memory[name], self._scratch[name], rates, decay)

    def zero(self) -> None:
        """Clear every gradient."""
        for parameter in self.parameters.values():
            parameter.clear()

    def state(self) -> dict[str, Tensor]:
        """Return the memory as tensors, not copied: `steps`, and for example `velocity/0.weight`."""
        memory = {f"{kind}/{name}": tensor for name, kinds in self._memory.items() for kind, tensor in kinds.items()}
        return {"steps": torch.tensor(self.steps)} | memory

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Copy a saved memory in. Raises RunError, and changes nothing, unless names and shapes are the same."""
        own = self.state()
        same_names(f"steps of {type(self).__name__}", state, own)
        for name, tensor in own.items():
            tensor.copy_(state[name])
        self.steps = int(own["steps"])
