"""Numbers that change from step to step, and the tensors that hold them where the step is recorded.

A CUDA graph repeats its operations with the numbers that they had when it was recorded, but reads its tensors anew.
So a recorded step has each such number in a tensor without axes, which is filled before the step is repeated.
"""

from torch import Tensor

Rate = float | Tensor


def scaled(tensor: Tensor, rate: Rate) -> tuple[Tensor, float]:
    """Return a tensor and a number whose product is `rate * tensor`, for operations with `alpha=` or `value=`.

    These take a number alone, and multiply by it without a pass over memory of its own.
    """
    return (tensor * rate, 1.0) if isinstance(rate, Tensor) else (tensor, rate)
