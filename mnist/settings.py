"""Every default of the digit networks, in one place: `commands` shows them in --help, and nothing heavy is imported.

The values were chosen on validation digits (README, "Digits").
"""

from dataclasses import dataclass, fields, replace

from data.settings import check_device, check_seed
from errors import UsageError


@dataclass(frozen=True, kw_only=True)
class DigitSettings:
    """How a network is trained. UsageError for a value that is not allowed."""

    epochs: int
    batch_size: int = 100
    lr: float  # at its highest
    momentum: float | None = 0.9  # of SGD; None: Muon, with its own
    weight_decay: float = 0.0
    rise: float = 0.0  # the share of all steps in which the rate rises to `lr`; then it falls to 0 along half a cosine
    label_smoothing: float = 0.0
    rotation: float = 0.0  # augmentation in training: degrees,
    shift: float = 0.0  # pixels,
    zoom: float = 0.0  # and factor - 1, each at most, either way
    columns: int = 1  # of the network, each learning for itself; an answer is the mean of theirs
    moved: bool = False  # an answer is the mean of those on the digit as it is and moved a pixel up and down
    one_thread: bool = False  # steps too small to be shared out between cores

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "columns"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 0 < self.lr < float("inf"):
            raise UsageError(f"lr must be a number above 0, got {self.lr}")
        for name in ("momentum", "rise", "label_smoothing"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise UsageError(f"{name} must be from 0 to below 1, got {value}")
        for name in ("weight_decay", "rotation", "shift", "zoom"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")


MODELS: dict[str, DigitSettings] = {
    "softmax": DigitSettings(epochs=20, lr=0.01, one_thread=True),
    "fc": DigitSettings(epochs=20, lr=0.1, one_thread=True),
    "cnn": DigitSettings(epochs=6, lr=0.02),
    "best": DigitSettings(
        epochs=13,
        batch_size=128,
        lr=4e-3,
        momentum=None,
        weight_decay=0.2,
        rise=0.2,
        label_smoothing=0.03,
        rotation=12.0,
        shift=2.0,
        zoom=0.12,
        columns=4,
        moved=True,
    ),
}
"""The networks of `mnist.networks` by the names that `train-mnist --model` takes."""

NORMALISED = frozenset({"best"})  # by the other digits of a batch, of which there must be some

VALIDATION = 2000  # training digits held out to see how far the training has come


@dataclass(kw_only=True, eq=False, repr=False)
class DigitParameters:
    """What `mnist.classifier.DigitClassifier` is told. None: the value that MODELS has for the model."""

    model: str = "fc"  # one of MODELS
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    rise: float | None = None
    label_smoothing: float | None = None
    rotation: float | None = None
    shift: float | None = None
    zoom: float | None = None
    seed: int = 0  # decides the weights and the order of the digits
    device: str = "auto"  # where to compute: cpu, cuda, or auto, cuda where there is one
    capture: bool = True  # the training step as a CUDA graph, where the network is on one

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        if self.model not in MODELS:
            raise UsageError(f"model must be one of {', '.join(MODELS)}, got {self.model!r}")
        if self.momentum is not None and MODELS[self.model].momentum is None:
            raise UsageError(f"momentum: {self.model} learns by Muon, with the momentum of its own; leave it out")
        check_seed(self.seed)
        check_device(self.device)
        settings = self.settings
        if self.model in NORMALISED and settings.batch_size < 2:
            raise UsageError(f"batch_size must be at least 2 for {self.model}, which normalises over a batch, got 1")

    @property
    def settings(self) -> DigitSettings:
        """How the network is trained: the model's defaults, but for the parameters that were given."""
        own = {field.name for field in fields(DigitSettings)} & {field.name for field in fields(self)}
        given = {name: value for name in own if (value := getattr(self, name)) is not None}
        return replace(MODELS[self.model], **given)
