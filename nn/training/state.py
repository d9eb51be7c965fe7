"""What changes while the loop runs, as tensors and JSON: with it a resumed training gives the same bits.

What does not change - layers, data, schedule, settings - the caller must give again.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from errors import RunError
from nn import checkpoint
from nn.checks import same_names
from nn.described import counted
from nn.layers import Layer
from nn.optimisers import Optimiser
from nn.parallel import AUGMENTATION, RankGenerators
from nn.training.early_stopping import EarlyStopping
from nn.training.history import EpochRecord, History

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class TrainingState:
    """A snapshot at the end of an epoch.

    Tensors are named `parameters/...`, the network's state with its buffers, `optimiser/...`, `generators/...` and
    `best/...`, the network's state at the best epoch; the metadata hold the step, the history and the state of early
    stopping.
    """

    tensors: Tensors
    metadata: dict[str, Any]

    def __repr__(self) -> str:
        epochs = len(self.metadata.get("history", ()))
        return f"TrainingState({counted(epochs, 'epoch')}, {counted(len(self.tensors), 'tensor')})"

    def to_bytes(self) -> bytes:
        """Return the state as a checkpoint."""
        return checkpoint.dump(self.tensors, self.metadata)

    @staticmethod
    def from_bytes(data: bytes) -> "TrainingState":
        """Read a checkpoint. Raises RunError if it is not one."""
        return TrainingState(*checkpoint.load(data))


@dataclass
class Progress:
    """What changes while the loop runs."""

    network: Layer
    optimiser: Optimiser
    generators: RankGenerators
    stopping: EarlyStopping
    history: History = field(default_factory=History)
    step: int = 0
    best: Tensors = field(default_factory=dict, repr=False)
    _as_json: list[dict[str, Any]] = field(
        default_factory=list, repr=False
    )  # the records: made once, as a snapshot has them all

    def end_epoch(self, record: EpochRecord, monitored: float | None) -> None:
        """Record an epoch; `monitored` is the number that early stopping watches, None without validation data."""
        self.history.records.append(record)
        self._as_json.append(record.to_json())
        if monitored is None:
            return
        self.history.stopped_early = self.stopping.update(monitored)
        self.history.best_epoch = self.stopping.best_epoch or None
        if self.stopping.is_best:
            self.best = _copies(self.network.state())

    def restore_best(self) -> None:
        """Load the parameters and buffers of the best epoch, if there is one."""
        if self.best:
            self.network.load(self.best)

    def capture(self) -> TrainingState:
        """Return a snapshot: copies, which training does not change."""
        parts = {
            "parameters": self.network.state(),
            "optimiser": self.optimiser.state(),
            "generators": self._generator_states(),
            "best": self.best,
        }
        metadata = {
            "step": self.step,
            "early_stopping": self.stopping.state(),
            "history": self._as_json.copy(),
        }
        return TrainingState(
            _copies({f"{part}/{k}": t for part, tensors in parts.items() for k, t in tensors.items()}), metadata
        )

    def restore(self, state: TrainingState) -> None:
        """Continue from a snapshot. RunError if it is incomplete, or of another network or optimiser."""
        try:
            records = [EpochRecord.from_json(record) for record in state.metadata["history"]]
            self.stopping.load(state.metadata["early_stopping"])
            self.step = int(state.metadata["step"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"the checkpoint holds no training to go on with: {error!r}") from error
        self.network.load(_part(state.tensors, "parameters"))
        self.optimiser.load(_part(state.tensors, "optimiser"))
        self._load_generators(_part(state.tensors, "generators"))
        self.best = _copies(_part(state.tensors, "best"))
        self._as_json = [record.to_json() for record in records]
        self.history = History(records, self.stopping.best_epoch or None, self.stopping.should_stop)

    def _generators(self) -> dict[str, Generator]:
        return self.generators.to_resume | {f"network.{k}": g for k, g in self.network.generators().items()}

    def _generator_states(self) -> Tensors:
        return {name: generator.get_state() for name, generator in self._generators().items()}

    def _load_generators(self, states: Tensors) -> None:
        own = self._generator_states()
        if states.keys() ^ own.keys() == {AUGMENTATION} or any(
            states[name].shape != own[name].shape for name in states.keys() & own.keys()
        ):
            here = device_of(self.network).type
            there = "cpu" if here != "cpu" else "cuda"
            raise RunError(
                f"the training was saved on {there}, and on {here} dropout and augmentation draw other random numbers: "
                f"go on with --device {there}, or start anew without --resume"
            )
        same_names("generators", states, own)
        for name, generator in self._generators().items():
            generator.set_state(states[name])


def device_of(network: Layer) -> torch.device:
    """Return where the network's parameters and buffers are; the processor if it has none."""
    return next((value.device for value in network.state().values()), torch.device("cpu"))


def _part(tensors: Tensors, part: str) -> Tensors:
    """Return the tensors named `part/...`, without the prefix."""
    prefix = f"{part}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _copies(tensors: Tensors) -> Tensors:
    return {name: tensor.clone() for name, tensor in tensors.items()}
