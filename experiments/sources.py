"""Where the experiments' data are. Each task gets this object, also when it runs in another process."""

from dataclasses import dataclass
from pathlib import Path

from data.settings import MNIST_FOLDER
from mnist.digits import Digits, load_digits


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Folders and files that tasks read."""

    mnist: Path = MNIST_FOLDER
    faces: Path = Path("datasets/portraits")
    weights: str = "imagenet"  # AlexNet's, as `train-faces --weights` takes them

    def digits(self) -> tuple[Digits, Digits]:
        """Return MNIST's training and test digits: 220 MB, so keep only what is needed."""
        return load_digits(self.mnist)
