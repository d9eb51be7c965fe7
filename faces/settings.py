"""Every default of the face networks, in one place: `commands` shows them in --help, and nothing heavy is imported.

The values were chosen on validation photos (README, "How the defaults were chosen").
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from errors import UsageError

DEVICES = ("auto", "cpu", "cuda")
CLASS_WEIGHTS = ("none", "balanced")
MEMORY_LIMIT = 4096  # MiB of photos, as a network takes them, that a training holds in memory; more stay on the disk


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What the training of every face network is told. UsageError for a value that is not allowed."""

    hidden: int  # units of the one hidden layer
    epochs: int
    batch_size: int = 64
    lr: float = 1e-3  # at the start; it falls to 0 along half a cosine
    weight_decay: float  # AdamW's: a step takes lr times this fraction of each weight
    dropout: float = 0.5  # of hidden units, in training
    label_smoothing: float = 0.1
    start: float = 0.001  # deviation of the weights into the hidden units before training
    patience: int | None = None  # epochs without a lower validation loss, then the best epoch is restored; None: never
    class_weight: str = "none"  # balanced: each person counts as much as any other, however few their photos

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("hidden", "weight_decay", "start"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")
        if not 0 < self.lr < float("inf"):
            raise UsageError(f"lr must be a number above 0, got {self.lr}")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be from 0 to below 1, got {getattr(self, name)}")
        if self.class_weight not in CLASS_WEIGHTS:
            raise UsageError(f"class_weight must be one of {', '.join(CLASS_WEIGHTS)}, got {self.class_weight!r}")

    @classmethod
    def from_saved(cls, saved: Mapping[str, Any]) -> Self:
        """Take up the settings of a checkpoint; names of another version are passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in saved.items() if name in known})


@dataclass(frozen=True, kw_only=True)
class HiddenSettings(TrainingOptions):
    """The hidden-layer network on grey pixels."""

    hidden: int = 300
    epochs: int = 300
    weight_decay: float = 1e-4
    size: int = 32  # side of the input in pixels
    rotation: float = 10.0  # augmentation in training: degrees,
    shift: float = 0.04  # fraction of the side,
    zoom: float = 0.1  # and factor - 1, each at most, either way; half of the photos are mirrored

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("hidden", "size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("rotation", "shift", "zoom"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class TransferSettings(TrainingOptions):
    """The head on AlexNet's conv5 features; `hidden` 0 is softmax regression."""

    hidden: int = 0
    epochs: int = 60
    lr: float = 5e-4
    weight_decay: float = 1.0
    patience: int | None = 10
    size: int = 227  # side of the crops AlexNet sees, in pixels
