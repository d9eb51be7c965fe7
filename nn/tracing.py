"""Whether torch's tracer is recording what is computed, to be written as a file for other programs.

It records the operations on tensors and not the decisions of Python: what depends on the size of a batch must not be
decided then.
"""

import torch


def is_traced() -> bool:
    """Whether a tracer is at work."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
