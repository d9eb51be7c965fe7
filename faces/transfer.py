"""Transfer: AlexNet's conv5 features, computed once and kept, and a small head trained on them by the one loop."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import normalize

from data.photos.folder import Photo
from errors import RunError, StorageError
from faces.backbones.alexnet.architecture import FEATURES
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.network import Network
from faces.backbones.alexnet.weights import load_weights
from faces.classifier import Classifier
from faces.features.cache import features_of, keep_features
from faces.features.statistics import deviation_and_mean, first_of_each
from faces.features.stored import BYTES, StoredFeatures, each, store_features
from faces.features.stream import FeatureStream
from faces.photos import AT_ONCE, Photos, pieces
from faces.settings import TransferSettings
from nn.initialisers import glorot, normal
from nn.layers import Dropout, Linear, ReLU, Sequential
from nn.training import Data
from report.hidden_units import UnitClass, unit_classes

NEIGHBOURS = 5  # training photos of the named person that a face is compared with
MOST_NEIGHBOURS = 100  # photos per person that are kept for it
READ_AT_ONCE = 64  # images in one forward pass


class TransferClassifier(Classifier):
    """Photos are conv5 features of a crop and of its mirror image, (N, 2, 9216) float32.

    Their square root is taken, which keeps the few strongest features from deciding alone, and they are divided by the
    training photos' deviation. In training a photo is shown as itself or mirrored, by chance; answers average both.
    """

    kind = "alexnet"
    bytes_a_photo = BYTES
    image_mode = "RGB"
    quick_to_train = True
    quantity = (
        f"probability of the name + mean cosine similarity of the features with the {NEIGHBOURS} most similar "
        "training photos of that person"
    )
    settings: TransferSettings

    def __init__(
        self,
        settings: TransferSettings | None = None,
        *,
        weights: Weights,
        weights_from: str,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        settings = settings or TransferSettings()
        super().__init__(settings, seed=seed, device=device)
        self.weights = weights
        self.weights_from = weights_from  # what `load_weights` was told, so that a prediction finds them again
        self.image_size = settings.size
        self.scale = torch.tensor(1.0)
        self.centre = torch.empty(0)
        self.neighbours = torch.empty(0)  # unit vectors of training photos around `centre`, (photos, 9216)
        self.neighbour_classes = torch.empty(0, dtype=torch.int64)

    def identity(self) -> dict[str, Any]:
        """Return the settings and the weights of the backbone."""
        backbone = {"from": self.weights_from, "sha256": self.weights.sha256}
        return {"settings": asdict(self.settings), "backbone": backbone}

    def clone(self) -> "TransferClassifier":
        """Return another one, untrained, of the same settings."""
        return TransferClassifier(
            self.settings,
            weights=self.weights,
            weights_from=self.weights_from,
            seed=self.seed,
            device=str(self.device),
        )

    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (N, 3, size, size) in 0..255 -> features of each and of its mirror image, (N, 2, 9216)."""
        network = Network(self.weights, size=self.image_size, device=str(self.device))
        starts = range(0, len(images), READ_AT_ONCE)
        batches = [network.both_ways(torch.from_numpy(images[at : at + READ_AT_ONCE])).cpu() for at in starts]
        return torch.cat(batches).numpy() if batches else np.empty((0, 2, FEATURES), np.float32)

    def open(
        self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Photos of a folder -> their features, from the cache beside it where they are there."""
        return features_of(
            folder, photos, self.weights, size=self.image_size, device=str(self.device), on_photo=on_photo
        )

    def keep(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> None:
        """Compute the features that the cache beside the folder does not have; a disk that refuses keeps none."""
        with suppress(StorageError):
            size, device = self.image_size, str(self.device)
            keep_features(folder, photos, self.weights, size=size, device=device, on_photos=each(on_photo))

    def open_stored(
        self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None
    ) -> StoredFeatures:
        """Photos of a folder -> where their features lie on the disk. StorageError when it refuses to keep them."""
        return store_features(
            folder, photos, self.weights, size=self.image_size, device=str(self.device), on_photo=on_photo
        )

    def unit_classes(self) -> list[UnitClass]:
        """Return whom each hidden unit speaks for; without a hidden layer each output is a unit of its own."""
        classes = self.classes_
        if not self.settings.hidden:
            return [UnitClass(unit, str(name), 1.0) for unit, name in enumerate(classes)]
        return unit_classes(self._output.weight.value.cpu().numpy(), classes.tolist())

    def known_scores(self, photos: Photos) -> NDArray[np.float32]:
        """Return how surely each face is one of the known people, (N,): `quantity`."""
        return self._piecewise(photos, self._known_scores) if len(photos) else np.empty(0, np.float32)

    def _known_scores(self, photos: Tensor) -> Tensor:
        probability = self._probabilities(photos)
        said = probability.argmax(1)
        similar = self._directions(photos) @ self.neighbours.T  # (N, kept photos)
        similar.masked_fill_(self.neighbour_classes[None, :] != said[:, None], -1.0)
        nearest = min(NEIGHBOURS, int(self.neighbour_classes.bincount().min()))
        return probability.amax(1) + similar.topk(nearest, dim=1).values.mean(1)

    @property
    def _output(self) -> Linear:
        layer = self.network.layers[-1]
        assert isinstance(layer, Linear)
        return layer

    def _opened(self, photos: NDArray[Any]) -> Tensor:
        return super()._opened(photos).sqrt()

    def _prepare(self, photos: Tensor, target: Tensor) -> None:
        self.scale, self.centre = photos.std(), photos.mean((0, 1))
        self._keep_neighbours(target, lambda chosen: photos[chosen])

    def _training_data(self, photos: Photos, target: Tensor) -> Data:
        if not isinstance(photos, StoredFeatures):
            return super()._training_data(photos, target)
        self._prepare_stored(photos, target)
        return FeatureStream(photos, target, self._opened)

    def _validation(self, photos: Photos, names: Sequence[str]) -> Data:
        if not isinstance(photos, StoredFeatures):
            return super()._validation(photos, names)
        return FeatureStream(photos, self._targets(names), lambda piece: self._inputs(self._opened(piece)))

    def _prepare_stored(self, photos: StoredFeatures, target: Tensor) -> None:
        """Do as `_prepare` does, in one pass over the disk, with sums in float64."""
        self.scale, self.centre = deviation_and_mean(map(self._opened, pieces(photos)))
        self._keep_neighbours(target, lambda chosen: self._opened(photos[chosen.cpu().numpy()]))

    def _keep_neighbours(self, target: Tensor, read: Callable[[Tensor], Tensor]) -> None:
        """Keep the directions of a few photos per person; `read` returns the photos at the places it is given."""
        kept = first_of_each(target, MOST_NEIGHBOURS)
        self.neighbours = torch.cat([self._directions(read(chosen)) for chosen in torch.split(kept, AT_ONCE)])
        self.neighbour_classes = target[kept]

    def _directions(self, photos: Tensor) -> Tensor:
        """Return unit vectors from the training photos' mean to each photo, (N, 9216)."""
        return normalize(photos.mean(1) - self.centre, dim=1)

    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        s, device = self.settings, self.device
        small = normal(s.start)
        if not s.hidden:
            return Sequential(Linear(inputs, classes, generator=generator, initialiser=small, device=device))
        return Sequential(
            Linear(inputs, s.hidden, generator=generator, initialiser=small, device=device),
            ReLU(),
            Dropout(s.dropout, generator=generator),
            Linear(s.hidden, classes, generator=generator, initialiser=glorot, device=device),
        )

    def _inputs(self, photos: Tensor) -> Tensor:
        return photos[:, 0] / self.scale

    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        side = torch.randint(0, 2, (len(photos),), generator=generator, device=photos.device)
        return photos[torch.arange(len(photos), device=photos.device), side] / self.scale

    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        yield photos
        yield photos.flip(1)

    def _saved(self) -> dict[str, Tensor]:
        return {
            "scale": self.scale,
            "centre": self.centre,
            "neighbours": self.neighbours.half(),  # a cosine needs no more digits
            "neighbour_classes": self.neighbour_classes,
        }

    def _restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        self.settings = TransferSettings.from_saved(metadata["settings"])
        self.image_size = self.settings.size
        self.scale, self.centre = tensors["scale"], tensors["centre"]
        self.neighbours, self.neighbour_classes = tensors["neighbours"].float(), tensors["neighbour_classes"]
        self.network = self._build(len(self.centre), len(self.classes_), torch.Generator(self.device))


def load_transfer(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], weights: str | None = None, device: str = "cpu"
) -> TransferClassifier:
    """Take up a saved head with the backbone it was trained on. RunError when the weights are not the same."""
    try:
        source, sha256 = str(metadata["backbone"]["from"]), str(metadata["backbone"]["sha256"])
    except (KeyError, TypeError) as error:
        raise RunError("the checkpoint does not say which weights its features came from; train again") from error
    source = weights or source
    found = load_weights(source)
    if found.sha256 != sha256:
        raise RunError(
            f"the head was trained on features of other weights: expected SHA-256 {sha256[:12]}..., "
            f"{source} has {found.sha256[:12]}...; name the right file with --weights"
        )
    return TransferClassifier(weights=found, weights_from=source, device=device).load(tensors, metadata)
