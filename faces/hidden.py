"""The hidden-layer network: 32 x 32 grey pixels - local contrast - hidden ReLU units - one logit a person."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import pad

from data.photos.augmentation import Augmentation
from faces.classifier import Classifier
from faces.normaliser import Normaliser, local_contrast
from faces.settings import HiddenSettings
from nn.initialisers import glorot, normal
from nn.layers import Dropout, Linear, ReLU, Sequential
from report.hidden_units import UnitClass, unit_classes


class HiddenClassifier(Classifier):
    """Photos are grey images (N, 1, size, size), float32 in [0, 1]. Same seed, same machine: the same weights."""

    kind = "hidden"
    image_mode = "L"
    one_thread = True
    settings: HiddenSettings

    def __init__(self, settings: HiddenSettings | None = None, *, seed: int = 0, device: str = "cpu") -> None:
        settings = settings or HiddenSettings()
        super().__init__(settings, seed=seed, device=device)
        self.image_size = settings.size
        self.augmentation = Augmentation(rotation=settings.rotation, shift=settings.shift, zoom=settings.zoom)
        self.normaliser = Normaliser(torch.empty(0), torch.empty(0))

    @property
    def hidden_weights(self) -> Tensor:
        """The weights into the hidden units, as pictures: (hidden, size, size)."""
        weight = self.network.parameters()["0.weight"].value
        return weight.reshape(-1, self.settings.size, self.settings.size)

    @property
    def output_weights(self) -> Tensor:
        """The weights from the hidden units to the people, (classes, hidden)."""
        return list(self.network.parameters().values())[-2].value

    def identity(self) -> dict[str, Any]:
        """Return the settings."""
        return {"settings": asdict(self.settings)}

    def clone(self) -> "HiddenClassifier":
        """Return another one, untrained, of the same settings."""
        return HiddenClassifier(self.settings, seed=self.seed, device=str(self.device))

    def unit_classes(self) -> list[UnitClass]:
        """Return whom each hidden unit speaks for."""
        return unit_classes(self.output_weights.cpu().numpy(), self.classes_.tolist())

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (N, 1, size, size) in 0..255 -> the same in [0, 1]."""
        return images.astype(np.float32) / np.float32(255)

    def _opened(self, photos: NDArray[Any]) -> Tensor:
        return local_contrast(super()._opened(photos))

    def _prepare(self, photos: Tensor, target: Tensor) -> None:
        self.normaliser = Normaliser.fit(photos)

    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        s = self.settings
        device = self.device
        return Sequential(
            Linear(inputs, s.hidden, generator=generator, initialiser=normal(s.start), device=device),
            ReLU(),
            Dropout(s.dropout, generator=generator),
            Linear(s.hidden, classes, generator=generator, initialiser=glorot, device=device),
        )

    def _inputs(self, photos: Tensor) -> Tensor:
        return self.normaliser(photos)

    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        return self.normaliser(self.augmentation(photos, generator))

    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        """Each photo and its mirror image, in place and moved a pixel towards each corner."""
        for seen in (photos, photos.flip(3)):
            yield seen
            framed = pad(seen, (1, 1, 1, 1), mode="replicate")
            for down in (0, 2):
                for right in (0, 2):
                    yield framed[:, :, down : down + seen.shape[2], right : right + seen.shape[3]]

    def _saved(self) -> dict[str, Tensor]:
        return {"mean": self.normaliser.mean, "deviation": self.normaliser.deviation}

    def _restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        self.settings = HiddenSettings.from_saved(metadata["settings"])
        self.image_size = self.settings.size
        self.normaliser = Normaliser(tensors["mean"], tensors["deviation"])
        self.network = self._build(len(tensors["mean"]), len(self.classes_), torch.Generator(self.device))
