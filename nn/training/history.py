"""What was measured in each epoch: plain numbers, for curves, tables and checkpoints."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nn.checkpoint import json_number
from nn.described import counted


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """One epoch. Losses are means over the samples; those of training are measured while the parameters change.

    Accuracies are in [0, 1], or means of another metric; None without a metric or without validation data.
    """

    epoch: int
    """The first is 1."""
    lr: float
    """The learning rate of its last step."""
    train_loss: float
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    """Wall-clock time of training and validation."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON."""
        return {name: None if value is None else json_number(value) for name, value in asdict(self).items()}

    @staticmethod
    def from_json(fields: Mapping[str, Any]) -> "EpochRecord":
        """Read what `to_json` wrote. Raises TypeError or ValueError on anything else."""
        numbers: dict[str, Any] = {k: float(v) if isinstance(v, str) else v for k, v in fields.items()}
        return EpochRecord(**numbers)


@dataclass(repr=False)
class History:
    """The records of a training, in order, and its best epoch."""

    records: list[EpochRecord] = field(default_factory=list)
    best_epoch: int | None = None
    """The epoch with the best monitored number, the first is 1; None without validation data."""
    stopped_early: bool = False
    loss: str = "loss"
    """What was minimised, in words: `Loss.title`."""

    def __repr__(self) -> str:
        best = "" if self.best_epoch is None else f", best {self.best_epoch}"
        ended = ", stopped early" if self.stopped_early else ""
        loss = f", training loss {self.records[-1].train_loss:.4g}" if self.records else ""
        return f"History({counted(len(self), 'epoch')}{best}{loss}{ended})"

    def __len__(self) -> int:
        return len(self.records)

    def column(self, name: str) -> list[Any]:
        """Return one field of every record: `column("train_loss")`."""
        return [getattr(record, name) for record in self.records]

    def columns(self) -> dict[str, list[Any]]:
        """Return epochs, losses and accuracies by name, for a learning curve, without those that were not measured."""
        names = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        columns = {name: self.column(name) for name in names}
        return {name: values for name, values in columns.items() if None not in values}

    def to_csv(self) -> str:
        """Return a header and one line per epoch."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(EpochRecord.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(record) for record in self.records)
        return text.getvalue()
