"""A training step as a CUDA graph: recorded once, then repeated with one call.

A step of a small network on a GPU is some dozens of kernels of microseconds each, and takes as long as the host needs
to launch them. A graph launches them together. It repeats operations, not Python: with the numbers, and at the places
in memory, that they had when they were recorded. So what changes from step to step - the batch, the optimiser's numbers
- is first written into tensors that the graph reads; the host counts steps and samples itself; and nothing may wait for
the device meanwhile, as `float(tensor)` does.
"""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import torch
from torch import Generator, Tensor

from nn.buffer import Buffer
from nn.checks import Form
from nn.parameter import Parameter
from nn.training.step import Step

WARM_UP = 3  # steps before the recording, as torch's documentation asks: libraries start, and choose their kernels
_EXACT = (torch.float32, torch.float64)  # an optimiser's number, put into a tensor of another type, would be rounded

Batch = tuple[Tensor, ...]  # x and the targets
_log = logging.getLogger(__name__)


class Graph(Protocol):
    """What records the work of a device."""

    def aside(self) -> AbstractContextManager[None]:
        """Return a context in which work is done apart from other work of the device, and in order with it."""

    def record(self, work: Callable[[], None]) -> None:
        """Record what `work` asks of the device, without doing it, in the place of an earlier record."""

    def replay(self) -> None:
        """Do what was recorded."""


class CudaGraph:
    """Records on a CUDA device. Random numbers go on from replay to replay as the generators would without a graph."""

    def __init__(self, device: torch.device, generators: Iterable[Generator]) -> None:
        self._generators = list(generators)
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # the default stream records nothing
        self._graph: torch.cuda.CUDAGraph | None = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Work on another stream, which waits for the current one, and is then waited for."""
        current = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            yield
        current.wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> None:
        """Record, with memory of its own for all that `work` allocates. RuntimeError for what cannot be recorded."""
        self._graph = None  # the memory of an earlier one is free
        graph = torch.cuda.CUDAGraph()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # from torch 2.14 on this is done by itself, and deprecated
            for generator in self._generators:
                graph.register_generator_state(generator)
        try:
            # other threads may allocate memory meanwhile
            with self.aside(), torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                work()
        except RuntimeError:
            # a recording that was broken off leaves generators that refuse to draw: they get the same state anew
            for generator in (torch.cuda.default_generators[self._stream.device_index], *self._generators):
                generator.graphsafe_set_state(generator.clone_state())
            raise
        self._graph = graph

    def replay(self) -> None:
        """Launch all that was recorded."""
        assert self._graph is not None
        self._graph.replay()


class CapturedStep:
    """`step`, recorded after WARM_UP batches of the first one's shape and type, and from then on replayed for these.

    Batches of another shape or type - the last of an epoch is often smaller - are trained on as without a graph, with
    the same parameters, optimiser, sums and generators; so are all if the recording fails, which is logged.

    A batch is copied into memory that the graph reads, unless it lies in the same memory each time, as one batch of all
    samples does.
    """

    def __init__(self, step: Step, graph: Graph) -> None:
        self._step = step
        self._graph: Graph | None = graph
        network = step.network
        self._owners: list[Parameter | Buffer] = [*network.parameters().values(), *network.buffers().values()]
        self._start()

    def _start(self) -> None:
        """Begin anew, with the tensors that the network has now."""
        self._values = [owner.value for owner in self._owners]
        self._forms: tuple[Form, Form] | None = None
        self._warm = 0
        self._batch: Batch = ()  # what the graph reads; before there is one, the batch before
        self._copies = False  # whether batches are copied there
        self._rates: list[Tensor] = []
        self._loss: Tensor | None = None  # what the graph writes it to; None before there is one

    def __call__(self, lr: float, x: Tensor, target: Tensor) -> Tensor:
        """Train on one batch with the learning rate `lr`; return its loss, which the next call may overwrite."""
        rates = self._step.begin(lr, x)
        if self._graph is None or not self._is_usual(x, target):
            return self._step.run(rates, x, target)
        batch: Batch = x.detach(), target.detach()  # a caller's tensor may require grad
        if self._warm < WARM_UP:
            self._warm += 1
            self._batch = batch  # kept until the next one, so that its memory is not used again
            with self._graph.aside():
                return self._step.run(rates, x, target)
        same = all(map(_same_memory, batch, self._batch))
        if self._loss is None or not (same or self._copies):
            try:
                self._record(self._graph, rates, batch, copies=not same)
            except RuntimeError as error:
                self._give_up(error)
                return self._step.run(rates, x, target)
        return self._replay(self._graph, rates, batch)

    def _is_usual(self, x: Tensor, target: Tensor) -> bool:
        """Return whether this is a batch for the graph, and all else as it was recorded."""
        if any(owner.value is not value for owner, value in zip(self._owners, self._values, strict=True)):
            self._start()  # the network was moved, and the graph would write to its old memory
        forms = Form.of(x), Form.of(target)
        self._forms = self._forms or forms
        return forms == self._forms and not any(p.has_grad for p in self._step.optimiser.parameters.values())

    def _record(self, graph: Graph, rates: tuple[float, ...], batch: Batch, *, copies: bool) -> None:
        """Record the step on this batch, or on a copy. It is not made, and no gradient's memory is shared with it."""
        self._batch = tuple(map(torch.clone, batch)) if copies else batch
        self._copies = copies
        parameter = next(iter(self._step.optimiser.parameters.values())).value
        self._rates = [torch.zeros((), dtype=parameter.dtype, device=parameter.device) for _ in rates]

        def work() -> None:
            x, target = self._batch
            self._loss = self._step.run(self._rates, x, target)

        self._forget_gradients()
        graph.record(work)
        self._forget_gradients()

    def _replay(self, graph: Graph, rates: tuple[float, ...], batch: Batch) -> Tensor:
        assert self._loss is not None
        for memory, number in zip(self._rates, rates, strict=True):
            memory.fill_(number)
        if self._copies:
            for memory, tensor in zip(self._batch, batch, strict=True):
                memory.copy_(tensor)
        graph.replay()
        return self._loss

    def _forget_gradients(self) -> None:
        """Drop gradients and the memory kept for them: that of the graph is for the graph alone."""
        for parameter in self._step.optimiser.parameters.values():
            parameter.clear()
            parameter.spare()

    def _give_up(self, error: RuntimeError) -> None:
        """Train without a graph from here on. Nothing was computed; gradients that are left are dropped."""
        self._graph, self._batch, self._loss = None, (), None
        self._forget_gradients()
        reason = str(error).partition("\n")[0]
        _log.warning("the training step is not recorded as a CUDA graph, and is slower (--no-capture): %s", reason)


def graph_for(step: Step) -> Graph | None:
    """Return what records this step, or None where it is not to be recorded.

    It is recorded on CUDA, where all that it reads and draws from is. Not with several ranks: they wait for each other
    in each step, and so does the host, for the sum of their gradients. Not with numbers of another type than _EXACT.
    Not if the optimiser moves some of the parameters alone: the gradients of the others would go on adding up.
    """
    network, moved = step.network, [p.value for p in step.optimiser.parameters.values()]
    generators = list(network.generators().values())
    if not moved or step.shared.ranks.size > 1:
        return None
    device, dtype = moved[0].device, moved[0].dtype
    if device.type != "cuda" or dtype not in _EXACT or any(value.dtype != dtype for value in moved):
        return None
    if any(value.device != device for value in network.state().values()):
        return None
    if any(g.device.type != "cuda" or g.device.index not in (None, device.index) for g in generators):
        return None
    if set(map(id, step.optimiser.parameters.values())) != set(map(id, network.parameters().values())):
        return None
    return CudaGraph(device, generators)


def _same_memory(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors of one shape and type are the same numbers in memory."""
    return a.data_ptr() == b.data_ptr() and a.stride() == b.stride()
