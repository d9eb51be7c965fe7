"""The parameters of the face classifiers with every default, in one place. `--help` shows them, without torch.

The classifiers inherit from these classes, so that a parameter is an argument and an attribute of the classifier, as
scikit-learn has it. The values were chosen on validation photos (docs/measured.md, "How the defaults were chosen").
"""

from dataclasses import dataclass

from data.settings import check_seed
from errors import UsageError

DEVICES = ("auto", "cpu", "cuda")
CLASS_WEIGHTS = ("none", "balanced")
STRANGERS = 0.01  # the share of strangers that may be given a name
MEMORY_LIMIT = 4096  # MiB of photos, as a network takes them, that a training holds in memory; more stay on the disk


@dataclass(kw_only=True, eq=False, repr=False)
class ClassifierSettings:
    """What every face classifier is told. UsageError for a value that is not allowed."""

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
    size: int  # side of the images that the network sees, in pixels
    seed: int = 0  # decides the weights and the order of the photos
    device: str = "auto"  # where to compute: cpu, cuda, or auto, cuda where there is one

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        check_seed(self.seed)
        for name in ("epochs", "batch_size", "size"):
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
        for name, choices in (("class_weight", CLASS_WEIGHTS), ("device", DEVICES)):
            if getattr(self, name) not in choices:
                raise UsageError(f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")


@dataclass(kw_only=True, eq=False, repr=False)
class HiddenSettings(ClassifierSettings):
    """The hidden-layer network on grey pixels."""

    hidden: int = 300
    epochs: int = 300
    weight_decay: float = 1e-4
    size: int = 32
    rotation: float = 10.0  # augmentation in training: degrees,
    shift: float = 0.04  # fraction of the side,
    zoom: float = 0.1  # and factor - 1, each at most, either way; half of the photos are mirrored

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        super().check()
        if self.hidden < 1:
            raise UsageError(f"hidden must be at least 1, got {self.hidden}")
        for name in ("rotation", "shift", "zoom"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")


@dataclass(kw_only=True, eq=False, repr=False)
class TransferSettings(ClassifierSettings):
    """A network trained on AlexNet's conv5 features; `hidden` 0 is softmax regression."""

    hidden: int = 0
    epochs: int = 60
    lr: float = 5e-4
    weight_decay: float = 1.0
    patience: int | None = 10
    size: int = 227
    weights: str = "imagenet"  # AlexNet's: imagenet, random, or the path of a file
