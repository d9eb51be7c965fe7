"""Transfer: a small network, trained by the one loop on features of a frozen network, which are computed once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import normalize

from data.photos.folder import Photo
from errors import RunError, StorageError
from faces.backbones.alexnet.alexnet import absolute, load_alexnet
from faces.backbones.backbone import Backbone
from faces.classifier import Classifier
from faces.features.cache import VIEWS, cache_features, features_of, once_per_photo
from faces.features.statistics import deviation_and_mean, together
from faces.features.stored import StoredFeatures, store_features
from faces.features.stream import FeatureStream
from faces.photos import PhotoArray, Photos
from faces.settings import TransferSettings
from nn.initialisers import glorot, normal
from nn.layers import Dropout, Linear, ReLU, Sequential
from nn.training import Data
from report.hidden_units import UnitClass, unit_classes

READ_AT_ONCE = 64  # images in one forward pass
HELD = 3  # features, their roots, directions among the neighbours, once more while people are left out: measured


class TransferClassifier(TransferSettings, Classifier):
    """A small network on AlexNet's conv5 features; the convolutions are frozen.

    >>> model = faces.TransferClassifier(weights="imagenet").fit(images, names)
    >>> model.predict(["photo.jpg"])

    Prepared photos are the features of a crop and of its mirror image, (N, 2, numbers) float32. Their square root is
    taken, which keeps the few strongest features from deciding alone, and they are divided by the training photos'
    deviation. In training a photo is shown as itself or mirrored, at random; answers average both.
    """

    kind = "alexnet"
    image_mode = "RGB"
    rounds = 12
    compared = "features"

    scale: Tensor
    """The training features' deviation."""
    centre: Tensor
    """Their mean, (numbers,)."""

    _backbone: tuple[str, int, Backbone] | None = None

    @property
    def backbone(self) -> Backbone:
        """The frozen network. Raises RunError when there are no such weights."""
        if self._backbone is None or self._backbone[:2] != (self.weights, self.size):
            self._backbone = (self.weights, self.size, load_alexnet(self.weights, size=self.size))
        return self._backbone[2]

    @property
    def bytes_a_photo(self) -> int:
        """Of a photo's features, and what is made of them: a training holds HELD times as much."""
        return HELD * VIEWS * self.backbone.numbers * 4

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of the backbone's first convolution as RGB pictures (height, width, 3)."""
        return self.backbone.filters()

    def identity(self) -> dict[str, Any]:
        """Return the settings and the weights of the backbone."""
        backbone = {"from": absolute(self.weights), "sha256": self.backbone.sha256}
        return {**super().identity(), "backbone": backbone}

    def clone(self) -> Self:
        """Return another one with the same parameters, untrained; the backbone is not loaded again."""
        other = super().clone()
        other._backbone = self._backbone
        return other

    def read(self, pixels: NDArray[np.uint8]) -> PhotoArray:
        """Images (N, 3, size, size) in 0..255 -> features of each and of its mirror image, (N, 2, numbers)."""
        network = self.backbone.network(device=self.torch_device.type)
        starts = range(0, len(pixels), READ_AT_ONCE)
        batches = [network.both_ways(torch.from_numpy(pixels[at : at + READ_AT_ONCE])).cpu() for at in starts]
        none = np.empty((0, VIEWS, self.backbone.numbers), np.float32)
        return PhotoArray(torch.cat(batches).numpy() if batches else none)

    def open(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Photos of a folder -> their features, from the cache beside it where they are there."""
        device = self.torch_device.type
        options: dict[str, Any] = {"device": device, "max_pixels": self.max_pixels}
        return PhotoArray(features_of(folder, photos, self.backbone, on_photo=on_photo, **options))

    def cache(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> None:
        """Compute the features that the cache beside the folder does not have; a disk that refuses keeps none."""
        with suppress(StorageError):
            options: dict[str, Any] = {"device": self.torch_device.type, "max_pixels": self.max_pixels}
            cache_features(folder, photos, self.backbone, on_photos=once_per_photo(on_photo), **options)

    def open_stored(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Photos of a folder -> where their features lie on the disk. StorageError when it refuses to keep them."""
        options: dict[str, Any] = {"device": self.torch_device.type, "max_pixels": self.max_pixels}
        return store_features(folder, photos, self.backbone, on_photo=on_photo, **options)

    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the person that its output weights raise most; without a hidden layer each
        output is a unit of its own."""
        names = [str(name) for name in self.classes_]
        if not self.hidden:
            return [UnitClass(unit, name, 1.0) for unit, name in enumerate(names)]
        return unit_classes(list(self.network.parameters().values())[-2].value.cpu().numpy(), names)

    def _opened(self, numbers: NDArray[Any]) -> Tensor:
        return super()._opened(numbers).sqrt()

    def _learn_inputs(self, photos: Tensor, target: Tensor) -> None:
        self.scale, self.centre = photos.std(), photos.mean((0, 1))

    def _training_data(self, photos: Photos, target: Tensor) -> Data:
        if not isinstance(photos, StoredFeatures):
            x = together(len(photos), map(self._opened, photos.pieces()))
            self._learn_inputs(x, target)
            return x, target
        self.scale, self.centre = deviation_and_mean(map(self._opened, photos.pieces()))
        return FeatureStream(photos, target, self._opened)

    def _validation(self, photos: Photos, names: NDArray[Any]) -> Data:
        if not isinstance(photos, StoredFeatures):
            inputs = (self._inputs(self._opened(piece)) for piece in photos.pieces())
            return together(len(photos), inputs), self._targets(names)
        return FeatureStream(photos, self._targets(names), lambda piece: self._inputs(self._opened(piece)))

    def _directions(self, photos: Tensor) -> Tensor:
        """Return unit vectors from the training photos' mean to each photo, (N, numbers)."""
        return normalize(photos.mean(1) - self.centre, dim=1)

    def _inputs(self, photos: Tensor) -> Tensor:
        return photos[:, 0] / self.scale

    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        side = torch.randint(0, 2, (len(photos),), generator=generator, device=photos.device)
        return photos[torch.arange(len(photos), device=photos.device), side] / self.scale

    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        yield photos
        yield photos.flip(1)

    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        device, small = self.torch_device, normal(self.start)
        if not self.hidden:
            return Sequential(Linear(inputs, classes, generator=generator, initialiser=small, device=device))
        return Sequential(
            Linear(inputs, self.hidden, generator=generator, initialiser=small, device=device),
            ReLU(),
            Dropout(self.dropout, generator=generator),
            Linear(self.hidden, classes, generator=generator, initialiser=glorot, device=device),
        )

    def _photo_shape(self) -> tuple[int, ...]:
        return VIEWS, len(self.centre)

    def _saved(self) -> dict[str, Tensor]:
        return {
            "scale": self.scale,
            "centre": self.centre,
            "neighbours": self.neighbours.half(),  # a cosine needs no more digits
            "neighbour_classes": self.neighbour_classes,
        }

    def _restore(self, tensors: Mapping[str, Tensor]) -> int:
        self.scale, self.centre = tensors["scale"], tensors["centre"]
        self.neighbours, self.neighbour_classes = tensors["neighbours"].float(), tensors["neighbour_classes"]
        return len(self.centre)

    @classmethod
    def from_checkpoint(
        cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], *, device: str = "auto", **parameters: Any
    ) -> Self:
        """Return what `to_bytes` saved, with the backbone it was trained on; the parameter `weights` says where its
        weights are now. RunError when they are others, which are then not read, or it is another model's."""
        try:
            source, sha256 = str(metadata["backbone"]["from"]), str(metadata["backbone"]["sha256"])
        except (KeyError, TypeError) as error:
            raise RunError("the checkpoint does not say which weights its features came from; train again") from error
        weights = parameters.pop("weights", None) or source
        classifier = super().from_checkpoint(tensors, metadata, device=device, weights=weights, **parameters)

        def accept(found: str) -> None:
            if found != sha256:
                raise RunError(
                    f"the network was trained on features of other weights: expected SHA-256 {sha256[:12]}..., "
                    f"{weights} has {found[:12]}...; name the right file with --weights"
                )

        backbone = load_alexnet(weights, size=classifier.size, accept=accept)
        classifier._backbone = (weights, classifier.size, backbone)
        return classifier
