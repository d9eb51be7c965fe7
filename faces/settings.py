"""Every default of the face networks, in one place. `cli` shows them in --help, so nothing heavy is imported here.

The values of HiddenSettings were chosen on validation photos (see README, "How the defaults were chosen").
"""

from dataclasses import dataclass

from errors import UsageError

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, kw_only=True)
class HiddenSettings:
    """The hidden-layer network on grey pixels and its training."""

    hidden: int = 300  # units of the one hidden layer
    start: float = 0.001  # deviation of the weights into the hidden units before training
    epochs: int = 300
    batch_size: int = 64
    lr: float = 1e-3  # at the start; it falls to 0 along half a cosine
    weight_decay: float = 1e-4  # AdamW's: per step, times lr
    dropout: float = 0.5  # of hidden units, in training
    label_smoothing: float = 0.1
    size: int = 32  # side of the input in pixels
    rotation: float = 10.0  # augmentation in training: degrees,
    shift: float = 0.04  # fraction of the side,
    zoom: float = 0.1  # and factor - 1, each at most, either way; half of the photos are mirrored

    def __post_init__(self) -> None:
        for name in ("hidden", "epochs", "batch_size", "size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("weight_decay", "rotation", "shift", "zoom"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")
        if not 0 < self.lr < float("inf"):
            raise UsageError(f"lr must be a number above 0, got {self.lr}")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"{name} must be from 0 to below 1, got {getattr(self, name)}")
