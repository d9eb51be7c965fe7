"""The parameters of the face classifiers with every default, in one place. `--help` shows them, without torch.

The classifiers inherit from these classes, so that a parameter is an argument and an attribute of the classifier, as
scikit-learn has it. The values were chosen on validation photos (docs/measured.md, "How the defaults were chosen").
"""

from dataclasses import dataclass
from difflib import get_close_matches

from data.settings import check_device, check_seed
from errors import UsageError

HEADS = ("auto", "lda", "softmax")
CLASS_WEIGHTS = ("none", "balanced")
BACKBONES = ("alexnet", "face")  # frozen networks, beside any classification network of torchvision:
TORCHVISION = "torchvision:"  # before its name
STRANGERS = 0.01  # the share of strangers that may be given a name
MEMORY_LIMIT = 4096  # MiB of photos, as a network takes them, that a training holds in memory; more stay on the disk
PORT = 8765  # of the page on which groups are named: a report links to it
FACE_LIMIT = 0.55  # distance of two faces' features: nearer ones may be of one person; see benchmarks/grouping.py
MIN_FACE = 24  # pixels of a photo: a face whose longer side has fewer is not used where faces are found
MIN_FACES = 2  # of a group of faces that look alike; a face that is like fewer others is unsorted


def check_model(model: str, *others: str) -> str:
    """Return the name of a backbone. UsageError unless it is one; torchvision's own names are not looked up.

    `others` are models that the message names too.
    """
    if model in BACKBONES or model.removeprefix(TORCHVISION) not in ("", model):
        return model
    near = get_close_matches(model.lower(), (*others, *BACKBONES), n=1)
    names = ", ".join((*others, *BACKBONES))
    raise UsageError(
        f"model must be {names} or {TORCHVISION}NAME, such as {TORCHVISION}resnet50, got {model!r}"
        + "".join(f"; did you mean {name}?" for name in near)
    )


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
    align: bool = False  # faces are turned and scaled so that eyes, nose and mouth lie in the same places
    seed: int = 0  # decides the weights and the order of the photos
    device: str = "auto"  # where to compute: cpu, cuda, or auto, cuda where there is one
    capture: bool = True  # the training step as a CUDA graph, where the network is on one

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        check_seed(self.seed)
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
        check_device(self.device)
        if self.class_weight not in CLASS_WEIGHTS:
            raise UsageError(f"class_weight must be one of {', '.join(CLASS_WEIGHTS)}, got {self.class_weight!r}")


@dataclass(kw_only=True, eq=False, repr=False)
class HiddenSettings(ClassifierSettings):
    """The hidden-layer network on grey pixels."""

    hidden: int = 300
    epochs: int = 300
    weight_decay: float = 1e-4
    size: int = 48  # side of the images that the network sees, in pixels
    margin: float = 0.05  # what an aligned image shows around the face on each side, as a share of the face's side
    rotation: float = 6.0  # augmentation in training: degrees,
    shift: float = 0.03  # fraction of the side,
    zoom: float = 0.06  # and factor - 1, each at most, either way; half of the photos are mirrored

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        super().check()
        for name in ("hidden", "size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("margin", "rotation", "shift", "zoom"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"{name} must be a number from 0, got {getattr(self, name)}")


@dataclass(kw_only=True, eq=False, repr=False)
class TransferSettings(ClassifierSettings):
    """A head on the features of a frozen network."""

    model: str = "alexnet"  # the frozen network: alexnet, face, or torchvision:NAME
    weights: str | None = None  # its weights: None, those that it comes with; or as its loader says
    head: str = "auto"  # lda; softmax, softmax regression or, with `hidden` units, a network; auto: lda without them
    hidden: int = 0
    epochs: int = 60
    lr: float = 5e-4
    weight_decay: float = 1.0
    patience: int | None = 10

    def check(self) -> None:
        """Raise UsageError for a value that is not allowed."""
        super().check()
        check_model(self.model)
        if self.head not in HEADS:
            raise UsageError(f"head must be one of {', '.join(HEADS)}, got {self.head!r}")
        if self.head == "lda" and self.hidden:
            raise UsageError(f"head lda has no hidden units, got hidden {self.hidden}: leave one of the two out")
