"""Where the experiments' data are, and where they train. Each task gets this object, also in another process."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.mnist.files import load_mnist
from data.photos.folder import read_folder
from data.settings import MNIST_FOLDER
from mnist.digits import Digits, load_digits


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Folders and files that tasks read, and the device on which recipes train."""

    mnist: Path = MNIST_FOLDER
    faces: Path = Path("datasets/portraits")
    weights: str = "imagenet"  # AlexNet's, as `train-faces --weights` takes them
    device: str = "cpu"  # or "cuda"
    capture: bool = True  # the training step as a CUDA graph, where the network is on one

    def digits(self) -> tuple[Digits, Digits]:
        """Return MNIST's training and test digits: 220 MB, so keep only what is needed."""
        return load_digits(self.mnist)

    def digits_identity(self) -> str:
        """Return a SHA-256 of the digits, wherever their files are. DatasetError when they are missing."""
        digest = hashlib.sha256()
        for name, array in vars(load_mnist(self.mnist)).items():
            digest.update(f"{name} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def faces_identity(self) -> str:
        """Return a SHA-256 of the photos and whose they are. DatasetError when they are missing."""
        return hashlib.sha256(repr(read_folder(self.faces).photos).encode()).hexdigest()

    def weights_identity(self) -> str:
        """Return the word that names the weights, or the SHA-256 of their file."""
        file = Path(self.weights)
        if not file.is_file():
            return self.weights
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
