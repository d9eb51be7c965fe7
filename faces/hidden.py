"""The hidden-layer network: 32 x 32 grey pixels - local contrast - hidden ReLU units - one logit a person."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import normalize, pad

from data.photos.augmentation import Augmentation
from faces.classifier import Classifier
from faces.normaliser import Normaliser, local_contrast
from faces.photos import PhotoArray, Photos
from faces.settings import HiddenSettings
from nn.initialisers import glorot, normal
from nn.layers import Dropout, Linear, ReLU, Sequential
from report.hidden_units import UnitClass, unit_classes


class HiddenClassifier(HiddenSettings, Classifier):
    """A network written out by hand on grey images. Same seed, same machine: the same weights.

    >>> model = faces.HiddenClassifier(hidden=100).fit(images, names)
    >>> model.predict(["photo.jpg"])

    Prepared photos are grey images (N, 1, size, size), float32 in [0, 1].
    """

    image_mode = "L"
    one_thread = True
    rounds = 3
    compared = "hidden activations"

    normaliser: Normaliser
    centre: Tensor
    """The training photos' mean activations, (hidden,)."""

    @property
    def kind(self) -> str:
        """The name of the model in a run folder."""
        return "hidden"

    @property
    def image_size(self) -> int:
        """Side of the images that the network sees, in pixels."""
        return self.size

    @property
    def image_margin(self) -> float:
        """What an aligned image shows around the face."""
        return self.margin

    @property
    def hidden_weights(self) -> Tensor:
        """The weights into the hidden units, as pictures: (hidden, size, size)."""
        return self.network.parameters()["0.weight"].value.reshape(-1, self.size, self.size)

    @property
    def output_weights(self) -> Tensor:
        """The weights from the hidden units to the people, (classes, hidden)."""
        return list(self.network.parameters().values())[-2].value

    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the person that its output weights raise most."""
        return unit_classes(self.output_weights.cpu().numpy(), [str(name) for name in self.classes_])

    def read(self, pixels: NDArray[np.uint8]) -> PhotoArray:
        """Images (N, 1, size, size) in 0..255 -> the same in [0, 1]."""
        return PhotoArray(self.reader()(torch.as_tensor(pixels)).numpy())

    def reader(self) -> Callable[[Tensor], Tensor]:
        """Return the function that divides by 255."""
        return lambda pixels: pixels.float() / 255

    def _opened_tensor(self, photos: Tensor) -> Tensor:
        return local_contrast(photos)

    def _learn_inputs(self, photos: Tensor, target: Tensor) -> None:
        self.normaliser = Normaliser.fit(photos)

    def _inputs(self, photos: Tensor) -> Tensor:
        return self.normaliser(photos)

    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        change = Augmentation(rotation=self.rotation, shift=self.shift, zoom=self.zoom)
        return self.normaliser(change(photos, generator))

    def _keep_neighbours(self, photos: Photos, target: Tensor) -> None:
        sums = [self._excited(self._opened(piece)).sum(0) for piece in photos.pieces()]
        self.centre = torch.stack(sums).sum(0) / len(photos)
        super()._keep_neighbours(photos, target)

    def _directions(self, photos: Tensor) -> Tensor:
        return normalize(self._excited(photos) - self.centre, dim=1)

    def _excited(self, photos: Tensor) -> Tensor:
        """Photos -> the activations of the hidden units, the mean over the views, (N, hidden)."""
        below = Sequential(*self.network.layers[:-1])
        views = [below.forward(self._inputs(view)) for view in self._views(photos)]
        return torch.stack(views).mean(0)

    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        """Each photo and its mirror image, in place and moved a pixel towards each corner."""
        for seen in (photos, photos.flip(3)):
            yield seen
            framed = pad(seen, (1, 1, 1, 1), mode="replicate")
            for down in (0, 2):
                for right in (0, 2):
                    yield framed[:, :, down : down + seen.shape[2], right : right + seen.shape[3]]

    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        return Sequential(
            Linear(inputs, self.hidden, generator=generator, initialiser=normal(self.start)),
            ReLU(),
            Dropout(self.dropout, generator=generator),
            Linear(self.hidden, classes, generator=generator, initialiser=glorot),
        )

    def _photo_shape(self) -> tuple[int, ...]:
        return 1, self.size, self.size

    def _saved(self) -> dict[str, Tensor]:
        return {
            "mean": self.normaliser.mean,
            "deviation": self.normaliser.deviation,
            "centre": self.centre,
            "neighbours": self.neighbours.half(),
            "neighbour_classes": self.neighbour_classes,
        }

    def _restore(self, tensors: Mapping[str, Tensor]) -> int:
        self.normaliser = Normaliser(tensors["mean"], tensors["deviation"])
        none = torch.empty(0, device=self.torch_device)  # earlier checkpoints have no neighbours
        self.centre, self.neighbours = tensors.get("centre", none), tensors.get("neighbours", none).float()
        self.neighbour_classes = tensors.get("neighbour_classes", none)
        return len(tensors["mean"])
