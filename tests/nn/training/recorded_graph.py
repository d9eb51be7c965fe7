"""A stand-in on the CPU for a CUDA graph. It keeps what a graph keeps: operations, numbers, and places in memory.

Recording changes nothing, as on a GPU; a replay repeats the operations and not Python. So a number that was computed by
Python stays what it was, and what waits for the device cannot be recorded: `float(tensor)`, `bool(tensor)`, a mask as
an index.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten
WAITING = {
    aten._local_scalar_dense.default,
    aten.equal.default,
    aten.is_nonzero.default,
    aten.masked_select.default,
    aten.nonzero.default,
}
Operation = tuple[Callable[..., Any], Sequence[Any], Mapping[str, Any], list[tuple[int, Tensor]]]


class RecordedGraph:
    """What `nn.training.captured.Graph` asks for. `recordings` and `replays` count."""

    def __init__(self, generators: Iterable[Generator] = ()) -> None:
        self._generators = list(generators)
        self._operations: list[Operation] = []
        self.memory = set[int]()  # addresses of all that was read or written
        self.recordings = self.replays = self.asides = 0

    @contextmanager
    def aside(self) -> Iterator[None]:
        self.asides += 1
        yield

    def record(self, work: Callable[[], None]) -> None:
        recorder, states = Recorder(), [generator.get_state() for generator in self._generators]
        try:
            with recorder:
                work()
        finally:
            recorder.undo()
            for generator, state in zip(self._generators, states, strict=True):
                generator.set_state(state)
        self._operations, self.memory = recorder.operations, set(recorder.memory)
        self.recordings += 1

    def replay(self) -> None:
        self.replays += 1
        for function, arguments, named, results in self._operations:
            outputs = tree_leaves(function(*arguments, **named))
            for position, memory in results:
                memory.copy_(outputs[position])


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down each operation, with what it reads and where its new results lie."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []
        self.memory: dict[int, tuple[Tensor, Tensor | None]] = {}  # by address; a copy of what was there before

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        masks = func is aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1])
        if func in WAITING or masks:
            raise RuntimeError(f"{func} waits for the device, which is not permitted while a step is recorded\nmore")
        named = dict(kwargs or {})
        for tensor in tensors_in((args, named)):
            self.memory.setdefault(address(tensor), (tensor, whole(tensor).clone()))
        outputs = func(*args, **named)
        results: list[tuple[int, Tensor]] = []
        for position, output in enumerate(tree_leaves(outputs)):
            if isinstance(output, Tensor) and output.numel() and address(output) not in self.memory:
                self.memory[address(output)] = (output, None)
                results.append((position, output))
        self.operations.append((func, args, named, results))
        return outputs

    def undo(self) -> None:
        """Put what was there before back."""
        for tensor, before in self.memory.values():
            if before is not None:
                whole(tensor).copy_(before)


def tensors_in(arguments: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(arguments) if isinstance(leaf, Tensor) and leaf.numel()]


def address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def whole(tensor: Tensor) -> Tensor:
    """All the memory that a tensor is a part of."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())
