"""A small folder of photos that a network can learn, and untrained AlexNets of both architectures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from data.photos.folder import Folder, read_folder
from faces.backbones.alexnet.alexnet import AlexNet
from faces.backbones.alexnet.architecture import TORCHVISION
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.weights import load_weights

PEOPLE = ("Ada", "Bo", "Cy")
PHOTOS = 14


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, each a pattern of their own under noise."""
    folder = tmp_path_factory.mktemp("people")
    generator = np.random.default_rng(7)
    for name in PEOPLE:
        pattern = np.asarray(
            Image.fromarray(generator.integers(40, 215, (4, 4), dtype=np.uint8)).resize((48, 48)), dtype=int
        )
        for number in range(PHOTOS):
            noisy = (pattern + generator.integers(-40, 40, (48, 48))).clip(0, 255).astype(np.uint8)
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(noisy).save(folder / name / f"{number:02}.png")
    return folder


FEATURES = (0, 3, 6, 8, 10)  # where torchvision's convolutions stand


@pytest.fixture(scope="session")
def state() -> dict[str, Tensor]:
    """Untrained numbers under the names of torchvision's alexnet."""
    generator = torch.Generator().manual_seed(1)
    numbers = {}
    for place, stage in zip(FEATURES, TORCHVISION.stages, strict=True):
        bound = (stage.inputs * stage.kernel**2) ** -0.5  # as torch.nn.Conv2d starts
        for name, shape in (("weight", stage.weight_shape), ("bias", (stage.outputs,))):
            numbers[f"features.{place}.{name}"] = torch.empty(shape).uniform_(-bound, bound, generator=generator)
    return numbers


@pytest.fixture(scope="session")
def torchvision_weights(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Weights:
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    torch.save(state, path)
    return load_weights(str(path))


@pytest.fixture(scope="session")
def original_weights() -> Weights:
    return load_weights("random")


@pytest.fixture(scope="session")
def original(original_weights: Weights) -> AlexNet:
    """The original network, untrained, as a backbone."""
    return AlexNet(original_weights)


@pytest.fixture(scope="session")
def torchvision(torchvision_weights: Weights) -> AlexNet:
    """torchvision's network, untrained, as a backbone."""
    return AlexNet(torchvision_weights)


@pytest.fixture
def photos(tmp_path: Path) -> Folder:
    """Seven photos of two people, two of them one file."""
    generator = np.random.default_rng(3)
    for name, count in (("Ada", 4), ("Bo", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = generator.integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    (tmp_path / "Ada" / "copy.png").write_bytes((tmp_path / "Ada" / "0.png").read_bytes())
    return read_folder(tmp_path)
